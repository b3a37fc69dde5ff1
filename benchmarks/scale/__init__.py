"""What landing, features, a training set and a window cost by the million rows."""
