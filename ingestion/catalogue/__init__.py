"""Catalogue: lists and messages of shops and items, merged into silver.shops and silver.items."""
