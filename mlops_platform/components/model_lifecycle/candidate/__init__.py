"""training_set, candidate, evaluation and gate."""
