"""Migrations of the ledger's schema: each adds, none rewrites a row."""
