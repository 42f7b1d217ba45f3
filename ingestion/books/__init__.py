"""Reconciliation: every received record is counted in exactly one table."""
