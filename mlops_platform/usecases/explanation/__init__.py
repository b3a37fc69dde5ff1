"""Why one prediction is what it is, by the version that made it."""
