"""The HTTP API that serves precomputed forecasts."""
