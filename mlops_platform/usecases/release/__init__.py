"""From a candidate that passed the gate to a release, its card and its Bento."""
