"""Erasure: records of a shop or of sales removed from bronze and silver."""
