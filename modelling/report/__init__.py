"""Backtest report: one HTML file with plots."""
