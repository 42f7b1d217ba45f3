"""Replayed lakes: a lake as known at an earlier time, rebuilt from bronze records."""
