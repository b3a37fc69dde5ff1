"""What a candidate leans on, how its predictions depend on it, and whether that has changed."""
