"""Benchmarks of time, memory and accuracy, run by hand or on a schedule, never as tests."""
