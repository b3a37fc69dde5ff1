"""The pages of `docs/reference`, written from the code that reads what they describe."""
