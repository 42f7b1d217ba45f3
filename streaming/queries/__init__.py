"""The streaming queries: ingest and refresh."""
