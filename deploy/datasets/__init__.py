"""How data that comes along was made from what others publish."""
