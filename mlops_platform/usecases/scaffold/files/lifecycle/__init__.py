"""The YAML of a model, and the sizes of its training."""
