"""What is wrong with a deployment, and the cure: one rule over facts that others gather."""
