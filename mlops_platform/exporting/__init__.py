"""A version as files that score without the platform: written only where they answer the same."""
