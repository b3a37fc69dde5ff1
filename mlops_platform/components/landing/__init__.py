"""Landing as Dagster assets, from any source."""
