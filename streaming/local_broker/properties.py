"""Properties, ports and cluster id of the local Kafka broker."""

import base64
import socket
import uuid
from random import SystemRandom

HOST = "127.0.0.1"
# Below Linux's ephemeral ports, which the system hands out to connections.
PORTS = (20_000, 32_000)
PROPERTIES, DATA = "server.properties", "data"


def properties(port: int, controller_port: int) -> str:
    """Write the properties of a broker on one machine that is also the controller.

    Paths are relative to the broker's working folder, because Kafka splits paths at commas.
    Records are kept for ever.
    """
    broker, controller = f"PLAINTEXT://{HOST}:{port}", f"CONTROLLER://{HOST}:{controller_port}"
    values = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{broker},{controller}",
        "advertised.listeners": broker,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": DATA,
        "log.retention.ms": "-1",
        "log.retention.bytes": "-1",
        # Bytes of the heap, here 16 MiB; Kafka's default is 128 MB.
        "log.cleaner.dedupe.buffer.size": str(16 << 20),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        # After a kill, the controller waits this long before it accepts the restarted broker.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        **dict.fromkeys(REPLICATED, "1"),
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


# One node cannot replicate, and does not need fifty partitions of Kafka's internal topics.
REPLICATED = (
    "default.replication.factor",
    "min.insync.replicas",
    "offsets.topic.replication.factor",
    "offsets.topic.num.partitions",
    "transaction.state.log.replication.factor",
    "transaction.state.log.min.isr",
    "transaction.state.log.num.partitions",
    "share.coordinator.state.topic.replication.factor",
    "share.coordinator.state.topic.min.isr",
)


def cluster_id() -> str:
    """Return a new cluster id: a UUID in URL-safe base64 without a leading hyphen."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith(
        "-"
    ):
        pass
    return text


def free_port(besides: int | None = None) -> int:
    """Return a random free port of this machine, from ``PORTS``.

    The system's ephemeral ports are excluded: the system could give such a port to a connection in
    the seconds before the broker listens.

    Args:
        besides: a port not to return; None: any port may be returned.
    """
    while (port := SystemRandom().randrange(*PORTS)) == besides or is_taken(port):
        pass
    return port


def is_taken(port: int) -> bool:
    """Return whether this process cannot listen on a port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return True
    return False


def is_open(port: int) -> bool:
    """Return whether a program listens on a port of this machine."""
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
