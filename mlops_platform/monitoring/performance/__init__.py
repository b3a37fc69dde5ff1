"""How well windows were predicted."""
