"""Indices of Elasticsearch: declared fields, templates, and documents of the lake."""
