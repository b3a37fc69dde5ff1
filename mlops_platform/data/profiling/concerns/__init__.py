"""What a profile tells, one concern in each file."""
