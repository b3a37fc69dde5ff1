"""Binary classification: a probability of the positive class, and the decision it leads to."""
