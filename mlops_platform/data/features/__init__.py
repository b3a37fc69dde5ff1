"""What dbt makes of landed days: built, published, read."""
