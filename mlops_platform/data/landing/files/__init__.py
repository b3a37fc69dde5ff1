"""Files of a folder, read as they are declared: nothing of them is guessed."""
