"""Drift: whether rows to forecast differ from those of the same month a year before."""
