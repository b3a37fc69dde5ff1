"""Commands that write the project: `mlops init`."""
