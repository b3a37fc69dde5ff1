"""One window of a model: scored, watched, measured."""
