"""The service over HTTP, and what it answered."""
