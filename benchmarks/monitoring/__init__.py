"""Monitoring: estimates without labels, and detectors of changes."""
