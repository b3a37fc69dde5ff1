"""Outcomes of one of several classes: their probabilities, and which one is decided."""
