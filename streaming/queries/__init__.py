"""The two streaming queries, ingest and refresh, with checkpoint, metrics and stopping."""
