"""Reconciliation: the books of each source, which count every received record exactly once."""
