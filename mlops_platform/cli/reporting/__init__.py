"""What a deployment tells of itself, read-only."""
