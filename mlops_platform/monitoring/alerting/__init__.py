"""From faults to incidents: what is open, how urgent it is, and who is to be told."""
