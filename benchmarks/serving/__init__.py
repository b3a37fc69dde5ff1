"""What a served prediction costs, against what else one could put in front of users."""
