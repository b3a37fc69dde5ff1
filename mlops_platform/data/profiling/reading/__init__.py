"""Files whose dialect and types nobody has declared: how they are written, and read."""
