"""A deployment's home: set up, started, examined, healed, backed up, restored."""
