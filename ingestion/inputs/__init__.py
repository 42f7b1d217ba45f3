"""Optional inputs: lists of promotions, planned prices, stock-outs and dates of shops."""
