"""mlops_platform: one YAML file per model, the whole governed lifecycle as Dagster assets."""
