"""Kafka: settings, credentials, topics, delivery."""
