"""One module per table of fixed columns."""
