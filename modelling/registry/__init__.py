"""Model registry: models and runs in MLflow."""
