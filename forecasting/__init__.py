"""Forecast versions: made, published, scored when their month closes."""
