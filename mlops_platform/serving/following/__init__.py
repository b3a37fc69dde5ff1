"""From a pointer to what serves."""
