"""How rows are answered: by functions that can leave the platform, and as a graph."""
