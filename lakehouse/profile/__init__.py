"""Profiles: what a retailer's files mean."""
