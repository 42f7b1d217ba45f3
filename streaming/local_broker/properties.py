"""What a local broker is started with: its properties, ports and cluster id."""

import base64
import socket
import uuid
from random import SystemRandom

HOST = "127.0.0.1"
# Below those that Linux hands out to connections.
PORTS = (20_000, 32_000)
PROPERTIES, DATA = "server.properties", "data"


def properties(port: int, controller_port: int) -> str:
    """Write the properties of a broker that is its own controller, for one machine.

    Paths are relative to the folder that the broker runs in: Kafka would take a comma in a path
    for the end of it. Records are kept for ever.
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
        # Of the heap; 128 MB unless told.
        "log.cleaner.dedupe.buffer.size": str(16 << 20),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        # After a kill the controller waits as long for the old broker before it takes the new one.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        **dict.fromkeys(REPLICATED, "1"),
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


# One node cannot replicate, and has no use for fifty partitions of Kafka's own topics.
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
    """Make an id for a new cluster, as Kafka writes UUIDs."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith(
        "-"
    ):
        pass
    return text


def free_port(besides: int | None = None) -> int:
    """Return a port of this machine that nobody listens on.

    It is none of those that the system hands out: before the broker listens, some seconds later,
    any connection could be given it.

    Args:
        besides: one that is spoken for.
    """
    while (port := SystemRandom().randrange(*PORTS)) == besides or is_taken(port):
        pass
    return port


def is_taken(port: int) -> bool:
    """Say whether a port of this machine cannot be listened on."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return True
    return False


def is_open(port: int) -> bool:
    """Say whether somebody listens on a port of this machine."""
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
