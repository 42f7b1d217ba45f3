from kafka_client import no_kafka_settings_from_outside  # noqa: F401
