"""The alerts, declared once: rules, routes and the runbook follow them."""
