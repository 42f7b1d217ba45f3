"""The declared version of models; see features/version.py."""

# Everything between the rows of a panel and a model's forecasts and scores.
MODEL = 1
