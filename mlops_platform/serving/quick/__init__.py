"""The quick way of a single row: answered where nothing is in doubt, else left untouched."""
