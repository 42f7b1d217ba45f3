"""A lake's copy in PostgreSQL: tables in versions, views for analysts, reads for the API."""
