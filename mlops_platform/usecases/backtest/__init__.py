"""Policies replayed on the past of a model."""
