"""What is watched of a model."""
