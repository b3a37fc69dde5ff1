"""Intervals of a regression: what they cover on real weeks, and at which width."""
