"""When to retrain, on which history, and what became of it."""
