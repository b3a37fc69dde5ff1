"""Whether the errors of a champion have changed since it was tested."""
