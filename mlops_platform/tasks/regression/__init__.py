"""A number as outcome: a prediction with an interval that keeps the coverage it promises."""
