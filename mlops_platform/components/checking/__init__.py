"""Every mistake of what is declared, each at its line, without stopping at the first."""
