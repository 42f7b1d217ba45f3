"""Hyperparameter tuning: the search for better parameters of the boosted trees."""
