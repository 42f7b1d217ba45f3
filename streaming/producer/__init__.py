"""The producer: rows of files sent as sales messages."""
