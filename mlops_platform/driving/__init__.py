"""Runs the jobs of production in this process: for a person's command, and for a replay."""
