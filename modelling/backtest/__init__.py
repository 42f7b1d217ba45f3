"""Backtests: rolling origin over the last cutoffs."""
