"""A candidate fitted, calibrated and given its threshold."""
