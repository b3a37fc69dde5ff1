"""Column lineage across a whole dbt project: from landed columns to features, and back."""
