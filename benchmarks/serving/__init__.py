"""Benchmarks of the API: lookups beside a bare route, memory, start, and swaps under load."""
