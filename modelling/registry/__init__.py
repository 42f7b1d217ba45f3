"""The registry: models and runs as MLflow keeps them."""
