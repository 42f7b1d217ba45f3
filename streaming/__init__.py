"""Sales as they arrive over Kafka: the broker's settings, the contract of a message, the stream."""
