"""The MLflow adapter: runs, registered versions, aliases. Only this package imports mlflow."""
