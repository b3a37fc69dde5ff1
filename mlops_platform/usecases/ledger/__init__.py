"""What people and automations may do with a model, from the ledger alone."""
