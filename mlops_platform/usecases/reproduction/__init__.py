"""A version made again: from its snapshot, and its snapshot from what was delivered."""
