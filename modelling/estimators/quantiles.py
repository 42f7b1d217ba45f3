"""Quantiles: the names and levels of the quantiles in every forecast."""

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9, "p95": 0.95}


LOW, HIGH = "p10", "p90"
