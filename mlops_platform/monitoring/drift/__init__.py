"""How far a window's rows are from those its release was trained on."""
