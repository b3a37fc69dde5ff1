"""One YAML file per model, its lifecycle as Dagster assets."""
