"""From what a scan has found, and what was said, to the choices that the files follow from."""
