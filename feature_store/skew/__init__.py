"""Skew checks: stored cells and features compared with a rebuild from sales."""
