"""What only reading everything shows: every file and database of a home, and every Bento."""
