"""Every deployed instance: what its champion is worth, and what its monitoring sees."""
