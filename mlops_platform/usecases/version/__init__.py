"""Versions that serve or served, loaded."""
