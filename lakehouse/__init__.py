"""Storage: settings, table declarations, Spark sessions, Delta Lake access and profiles."""
