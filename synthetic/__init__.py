"""A made-up retailer's files, the same for the same seed."""
