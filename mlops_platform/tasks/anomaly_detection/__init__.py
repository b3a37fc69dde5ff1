"""Anomaly detection: a score of how unusual a row is, and as many alerts as people can look at."""
