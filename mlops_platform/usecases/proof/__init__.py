"""Properties that a feature table must have, proved on perturbed samples of its own facts."""
