"""Clustering: which of a few groups a row belongs to, that nobody has labelled."""
