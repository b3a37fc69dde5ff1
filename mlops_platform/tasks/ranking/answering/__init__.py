"""The answer for a row of a ranking, as it leaves the platform."""
