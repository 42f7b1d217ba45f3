"""Overrides: numbers that planners put beside forecasts, sent, listed and exported."""
