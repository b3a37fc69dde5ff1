"""A project of one's own: what is declared of a table, and the files that declare it."""
