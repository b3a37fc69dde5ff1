"""From validated rows to probabilities: by the pipeline, or by what was compiled of it."""
