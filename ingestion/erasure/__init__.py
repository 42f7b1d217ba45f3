"""Erasure: deletion of all records of shops or of sales from bronze and silver."""
