"""Retraining policies on the whole year of flights."""
