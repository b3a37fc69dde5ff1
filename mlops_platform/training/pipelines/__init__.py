"""Declared estimators as scikit-learn pipelines, and the space of their parameters."""
