"""Scoring a file of features with the champion, and what of it training never saw."""
