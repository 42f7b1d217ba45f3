"""From a retailer's lists of shops, items and categories to silver.shops and silver.items."""
