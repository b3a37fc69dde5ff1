"""Formats: what was written before is read as if it had been written today.

One number counts the formats of everything in a home. Files and rows say in which one they were
written; what says nothing is of format 0.
"""
