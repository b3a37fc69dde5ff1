"""What probabilities let expect of decisions, before any outcome is known."""
