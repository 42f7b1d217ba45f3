"""Optional inputs of a retailer beside sales and catalogue: plans, dates and stock-outs."""
