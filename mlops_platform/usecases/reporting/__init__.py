"""What is told of a model, in words and in numbers."""
