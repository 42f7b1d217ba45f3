"""Where it is kept: settings, tables, sessions, Delta, quality and profiles."""
