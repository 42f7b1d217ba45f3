"""Sample data generator: files of an invented retailer, equal for equal seeds."""
