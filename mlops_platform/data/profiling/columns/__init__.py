"""What each column is like: counts, kinds, ids, persons, and values in disguise."""
