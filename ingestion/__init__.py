"""Ingestion: from received records to the newest version of every sale."""
