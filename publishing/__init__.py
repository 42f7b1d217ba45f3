"""Copies of a lake in databases: PostgreSQL for analysts and lookups, MongoDB for item pages."""
