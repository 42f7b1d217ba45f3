"""Skew: stored cells and features compared with a rebuild."""
