"""From a sales record's JSON bytes to the newest version of every sale."""
