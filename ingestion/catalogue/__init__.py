"""Shops and items: lists and messages, merged into silver.shops and silver.items."""
