"""Backtests: rolling-origin evaluation over the last cutoffs."""
