"""From validated rows to probabilities: the pipeline itself, and its compiled form."""
