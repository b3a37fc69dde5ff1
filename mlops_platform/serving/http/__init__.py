"""The application that answers requests, and everything it asks of them."""
