"""The latest features for services."""
