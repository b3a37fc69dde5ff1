"""What was predicted and served, landed and read."""
