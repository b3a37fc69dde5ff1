"""Counts of the reference and of a window, column by column."""
