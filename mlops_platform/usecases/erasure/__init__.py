"""Forgetting facts, as the law may ask."""
