"""What leaves the platform with an exported scorer: the shapes of an answer's forms."""
