"""From rows to a fitted, calibrated candidate."""
