"""Ranking: the rows of a group in the order in which somebody should look at them."""
