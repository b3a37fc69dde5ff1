"""What tasks propose of a label that nobody has seen, and candidates to start with."""
