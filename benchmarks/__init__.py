"""Measurements, run by hand or on a schedule; never as tests."""
