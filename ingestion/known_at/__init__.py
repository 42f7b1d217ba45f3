"""A lake as it was known at a time: bronze records replayed."""
