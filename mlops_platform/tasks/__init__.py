"""What kinds of outcome a model may predict; no other room knows which there are."""
