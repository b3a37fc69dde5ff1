"""From a training set to a judged candidate."""
