"""Evaluation: folds, metrics and segments."""
