"""The sensor that makes incidents of what fails."""
