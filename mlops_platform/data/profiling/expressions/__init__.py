"""Expressions that were said of a scanned table: what they read, and what they give."""
