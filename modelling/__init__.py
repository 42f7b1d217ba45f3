"""Models: estimators, evaluation, tuning, registry, backtests and promotion."""
