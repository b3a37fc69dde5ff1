"""Faults put into clean tables, and which of them a scan names."""
