"""challenger, its trial, and what ends it."""
