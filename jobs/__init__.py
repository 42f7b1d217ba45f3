"""Batch steps: each module parses arguments, reads, calls and writes."""
