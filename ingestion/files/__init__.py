"""Source files: found, checked and read by their exact names."""
