"""Estimators: the model families that learn from panel rows."""
