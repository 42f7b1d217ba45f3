"""Estimators: families of models that learn from panel rows."""
