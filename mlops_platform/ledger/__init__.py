"""Decisions and releases: the one truth about what serves, append-only and hash-chained."""
