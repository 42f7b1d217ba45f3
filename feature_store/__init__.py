"""Monthly cells and features, built and kept up to date."""
