"""A version as one Python program that needs the standard library alone."""
