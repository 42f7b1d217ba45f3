"""Code version of models; see features/version.py for the meaning of versions."""

# Covers all code between the rows of a panel and a model's forecasts and scores.
MODEL = 2
