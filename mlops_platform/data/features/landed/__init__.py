"""Features and labels without event time: rows of an entity and the day on which they landed."""
