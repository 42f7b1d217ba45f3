"""Modelling: estimators, evaluation, tuning, registry, backtests and promotion."""
