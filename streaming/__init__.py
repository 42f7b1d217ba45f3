"""The streaming commands: Kafka's records of sales and catalogue → bronze, silver and features."""
