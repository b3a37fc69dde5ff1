"""From figures of a window to alarms."""
