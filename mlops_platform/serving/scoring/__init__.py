"""From validated rows to probabilities: the pipeline itself, and its folded form."""
