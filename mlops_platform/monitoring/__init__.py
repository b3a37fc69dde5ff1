"""Monitoring: how windows differ from the reference, what that alarms, and when to retrain."""
