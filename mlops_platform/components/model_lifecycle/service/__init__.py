"""The online store, and what was served."""
