"""Source files: a retailer's files, found, checked and read by exact name."""
