"""What a dbt project declares, as its manifest says, and why it does not parse."""
