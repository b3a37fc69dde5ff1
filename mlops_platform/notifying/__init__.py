"""Messages to people: a log, webhooks, e-mail."""
