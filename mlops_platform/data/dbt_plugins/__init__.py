"""Plugins that dbt-duckdb loads by the names in profiles.yml; nothing else imports them."""
