"""Feature store: builds monthly cells and features incrementally and keeps them up to date."""
