"""Profiles: the configuration that maps a retailer's files to the tables and sets up models."""
