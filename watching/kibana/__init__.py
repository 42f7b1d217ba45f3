"""Kibana: data views and dashboards from declared panels."""
