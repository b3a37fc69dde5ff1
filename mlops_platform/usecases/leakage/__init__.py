"""What a table tells of its label that nobody would know in time, and what its time is worth."""
