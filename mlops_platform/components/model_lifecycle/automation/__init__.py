"""What acts by itself, for all models at once: the shared sensors, and what they ask for."""
