"""How a row of a clustering is answered where it is served, and where it leaves the platform."""
