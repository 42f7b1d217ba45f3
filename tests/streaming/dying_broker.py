"""A broker that dies between two messages; prints what was counted.

A process of its own: kafka-python does not close the sockets of connections that were refused.
"""

import json
import sys
from pathlib import Path

from streaming.kafka.delivery import Delivery
from streaming.kafka.settings import KafkaSettings
from streaming.kafka.topics import create_topics
from streaming.local_broker.broker import Broker

with Broker(Path(sys.argv[1])) as broker:
    kafka = KafkaSettings(bootstrap_servers=broker.servers)
    create_topics(kafka, ["sales"])
    with Delivery(kafka, "sales", delivery_ms=3000) as delivery:
        delivery.send(None, b"before")
        delivery.flush()
        broker.kill()
        delivery.send(None, b"after")
        delivery.flush()
counts = [delivery.sent, delivery.delivered, delivery.failed, bool(delivery.fault)]
sys.stdout.write(json.dumps(counts))
