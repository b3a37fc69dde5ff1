"""Measurements of the platform against peers, each in one run, as ratios."""
