"""From a file of somebody's own to a model: what is found on the way, and how long it takes."""
