"""A table of customers without any time, delivered whole every day, and who of them has left."""
