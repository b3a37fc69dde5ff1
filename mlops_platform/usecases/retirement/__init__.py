"""The end of a model: what is still open of it is closed."""
