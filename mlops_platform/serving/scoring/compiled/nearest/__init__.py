"""Distances of a row from the centres of clusters."""
