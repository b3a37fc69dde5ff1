"""History as it happened, for any model: its windows in order, by the automation of production."""
