"""A lake as it was at a time: which records were received, and what follows from them."""
