"""What every connection must keep before a request reaches the application."""
