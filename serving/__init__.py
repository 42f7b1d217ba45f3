"""The HTTP layer over precomputed forecasts."""
