"""Reconciliation: every received record of a file is counted exactly once."""
