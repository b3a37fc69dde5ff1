"""What is delivered becomes immutable days."""
