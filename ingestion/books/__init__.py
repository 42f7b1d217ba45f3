"""Reconciliation: every record received is counted once, wherever it ended."""
