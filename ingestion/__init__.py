"""From a record to the newest version of every sale."""
