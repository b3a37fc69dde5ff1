"""From what fails to the message that tells people."""
