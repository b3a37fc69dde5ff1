"""predictions, drift_report and performance of each window."""
