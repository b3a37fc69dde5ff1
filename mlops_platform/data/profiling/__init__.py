"""What a table of somebody's own is like, by one bounded scan."""
