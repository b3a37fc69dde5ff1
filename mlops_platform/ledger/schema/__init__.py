"""The ledger's schema: created, migrated and guarded without rewriting a row."""
