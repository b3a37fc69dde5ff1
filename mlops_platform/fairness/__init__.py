"""Figures of groups of people, the gaps between them, and what training data hold of each group."""
