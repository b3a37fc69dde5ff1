"""What `mlops init` did to the project, so that it can be undone and done again."""
