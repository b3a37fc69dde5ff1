"""The Bento: one generic, self-contained service for any model of the platform."""
