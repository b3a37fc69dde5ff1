"""Landed facts, and what dbt makes of them, in a place of their own that is removed afterwards."""
