"""The lake: landing, published tables, feature reads, training-set snapshots, the catalogue."""
