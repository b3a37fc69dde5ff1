"""Commands about what has landed and what was built of it."""
