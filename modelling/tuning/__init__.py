"""Tuning: the search for better parameters."""
