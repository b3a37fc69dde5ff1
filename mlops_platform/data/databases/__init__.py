"""Tables and views of databases, read into Parquet files as of one moment."""
