"""What a policy would have done, and what that would have been worth."""
