"""What a person decides about a model: release, roll back, approve, freeze."""
