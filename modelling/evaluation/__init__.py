"""Evaluation: folds, forecasts and errors of models by segment."""
