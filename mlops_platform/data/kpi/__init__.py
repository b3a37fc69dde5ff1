"""A table with what the business counts: joined to predictions, summed by version and decision."""
