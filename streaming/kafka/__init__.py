"""The Kafka client: settings, credentials, topics, delivery."""
