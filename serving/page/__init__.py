"""The page for planners, and what the page shows: search, histories, a shop's total, status."""
