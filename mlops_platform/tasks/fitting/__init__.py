"""What several tasks fit in one way: conformal quantiles, calibrators that are carried over."""
