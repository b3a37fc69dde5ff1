"""What a candidate is worth, and whether it passes."""
