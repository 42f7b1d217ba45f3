"""Optional inputs: promotions, planned prices, stock-outs, dates of shops."""
