"""The home as a whole: upgraded, moved, backed up, restored."""
