"""The search for the best of the declared candidates."""
