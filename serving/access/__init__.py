"""Who may ask: keys, scopes, rates, sizes and times of requests."""
