"""A broker of this machine keeps what it was given, and says why where it cannot start."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from kafka import KafkaAdminClient
from kafka_topic import new_topic, received

from lakehouse.errors import RefusedError, UsageError
from streaming.create_topics import JOB
from streaming.kafka.delivery import Delivery
from streaming.kafka.settings import KafkaSettings
from streaming.kafka.topics import create_topics, topic_ids
from streaming.local_broker.broker import Broker
from streaming.local_broker.jars import MARKER, broker_jars, move
from streaming.local_broker.properties import free_port, is_open

pytestmark = pytest.mark.slow


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Broker]:
    """A broker that the test may end, in a folder whose name Kafka would misread."""
    with Broker(tmp_path / "a folder, with a comma") as broker:
        yield broker


@pytest.fixture
def kafka(broker: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=broker)


@pytest.mark.parametrize("end", [Broker.stop, Broker.kill])
def test_a_restart_goes_on_where_the_broker_ended(
    own: Broker, end: Callable[[Broker], None]
) -> None:
    kafka = KafkaSettings(bootstrap_servers=own.servers)
    create_topics(kafka, ["sales"], partitions=1)
    ids = topic_ids(kafka, ["sales"])
    with Delivery(kafka, "sales") as delivery:
        delivery.send(b"key", b"value")
        delivery.flush()
    end(own)
    assert not is_open(own.port)
    assert own.start() == kafka.servers
    assert topic_ids(kafka, ["sales"]) == ids
    assert [message.value for message in received(own.servers, "sales")] == [b"value"]


def test_a_folder_has_one_broker(own: Broker) -> None:
    with pytest.raises(UsageError, match="another broker runs in it"):
        Broker(own.folder).start()
    assert is_open(own.port)


def test_a_port_has_one_program(broker: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"{broker} is taken"):
        Broker(tmp_path, int(broker.rpartition(":")[2])).start()


def test_a_broker_that_does_not_start_shows_why(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=7\n")
    with pytest.raises(RefusedError, match=r"broker\.log ends with:[\s\S]*version"):
        broker.start()
    assert not is_open(broker.port)


def test_the_broker_listens_on_this_machine_alone(broker: str) -> None:
    port = int(broker.rpartition(":")[2])
    with socket.socket() as others:
        # Where a broker listened on every address, nobody else could on another of this machine.
        others.bind(("127.0.0.2", port))


def test_jars_that_a_cut_off_fetch_left_are_replaced(tmp_path: Path) -> None:
    fetched, folder = tmp_path / "fetched", tmp_path / "jars"
    for place, jar in ((folder, "half.jar"), (fetched, "whole.jar")):
        place.mkdir()
        (place / jar).touch()
    (fetched / MARKER).touch()
    move(fetched, folder)
    assert sorted(path.name for path in folder.iterdir()) == [MARKER, "whole.jar"]


def test_jars_are_fetched_once() -> None:
    before = (broker_jars() / MARKER).stat().st_mtime
    assert (broker_jars() / MARKER).stat().st_mtime == before


def test_topics_are_created_where_they_are_missing(kafka: KafkaSettings, broker: str) -> None:
    existing = new_topic(broker, partitions=2)
    before = topic_ids(kafka, [existing])
    assert create_topics(kafka, [existing, "created-1"]) == ["created-1"]
    assert create_topics(kafka, [existing, "created-1"]) == []
    with KafkaAdminClient(**kafka.client_options()) as admin:
        found = {t["name"]: t for t in admin.describe_topics([existing, "created-1"])}
    assert {name: len(topic["partitions"]) for name, topic in found.items()} == {
        existing: 2,
        "created-1": 4,
    }
    assert topic_ids(kafka, [existing]) == before


def test_a_topic_made_again_has_another_id(kafka: KafkaSettings, broker: str) -> None:
    name = new_topic(broker)
    first = topic_ids(kafka, [name])[name]
    with KafkaAdminClient(**kafka.client_options()) as admin:
        admin.delete_topics([name])
    deadline = time.monotonic() + 30
    while not create_topics(kafka, [name]):
        assert time.monotonic() < deadline
    assert UUID(topic_ids(kafka, [name])[name]) != UUID(first)


def test_a_missing_topic_is_named(kafka: KafkaSettings, broker: str) -> None:
    existing = new_topic(broker)
    with pytest.raises(RefusedError, match=rf"Kafka at {broker} has no topic missing: create it"):
        topic_ids(kafka, ["missing", existing])


def test_a_broker_that_is_not_there_is_named_and_nothing_else_said() -> None:
    command = [sys.executable, "-m", f"streaming.{JOB.name}", "--bootstrap-servers", "127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 3
    assert re.fullmatch(r".*127\.0\.0\.1:1 .*ECONNREFUSED.*BOOTSTRAP_SERVERS.*\n", done.stderr)


def test_the_commands_end_in_order(tmp_path: Path) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "streaming.broker",
        "--dir",
        str(tmp_path),
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert f"Kafka listens on 127.0.0.1:{port}" in process.stderr.readline()
        environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"}
        made = subprocess.run(
            [sys.executable, "-m", f"streaming.{JOB.name}"],
            env=environment, capture_output=True, text=True,
        )  # fmt: skip
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert made.returncode == 0
    assert '"created": [], "topics": {"daily-sales": "' in made.stdout
    assert not is_open(port)
