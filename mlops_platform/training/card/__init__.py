"""The model card: its facts, gathered and written."""
