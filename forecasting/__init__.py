"""Forecast versions: make, publish, withdraw, score after the month closes, retain."""
