"""What acts by itself, for all models at once: shared jobs and shared sensors."""
