"""Numbers of several steps ahead: one row per series, origin and step."""
