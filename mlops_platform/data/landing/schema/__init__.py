"""The columns of a landed table: their types, how they moved, and rows and files held to them."""
