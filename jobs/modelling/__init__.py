"""Folds, baselines, estimators, metrics and tracking of forecasting models."""
