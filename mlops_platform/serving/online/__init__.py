"""The reader of the online store."""
