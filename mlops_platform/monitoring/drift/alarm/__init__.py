"""From which deviation on a column has drifted."""
