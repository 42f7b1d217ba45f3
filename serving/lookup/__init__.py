"""Lookups: published forecasts by shop and item, alone, in bulk, in pages and as files."""
