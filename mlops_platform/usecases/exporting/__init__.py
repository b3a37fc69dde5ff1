"""Versions that leave the platform as files, and the record that they did."""
