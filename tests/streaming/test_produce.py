"""Files become messages: every line once, as the contract says, in a sale's order."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from builders import sale_line, sales_text
from kafka_topic import new_topic, received

from cli.command import main
from ingestion.sales.identity import sale_id
from streaming.contract import DAILY_SALES, faults
from streaming.kafka.delivery import Delivery
from streaming.kafka.settings import KafkaSettings
from streaming.kafka.topics import create_topics
from streaming.local_broker.broker import Broker
from streaming.produce import JOB

pytestmark = pytest.mark.slow
OWN_IDS = """
name = "own"
version = 1
currency = "EUR"
[files]
delimiter = ";"
encoding = "iso-8859-1"
[sales]
files = ["*.csv"]
identity = "sale_id"
[sales.columns]
date = "day"
shop_id = "shop"
item_id = "item"
units = "units"
sale_id = "id"
updated_at = "version"
[shops]
file = "shops.csv"
columns = { shop_id = "shop" }
[items]
file = "items.csv"
columns = { item_id = "item" }
"""


@pytest.fixture
def produce(broker: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command, sent to a topic; returns exit code, result line and messages."""

    def run(topic: str, *arguments: object) -> tuple[int, dict[str, Any], list[Any]]:
        argv = ["--bootstrap-servers", broker, "--topic", topic, *map(str, arguments)]
        code = main(JOB, ["--profile", "sample", *argv])
        return code, json.loads(capsys.readouterr().out), received(broker, topic)

    return run


@pytest.fixture
def topic(broker: str) -> str:
    return new_topic(broker)


def sales_file(folder: Path, *lines: str, name: str = "sales.csv") -> Path:
    path = folder / name
    path.write_text(sales_text(*lines))
    return path


def test_a_line_becomes_a_record_of_the_contract_keyed_by_its_sale(
    produce: Any, topic: str, tmp_path: Path
) -> None:
    file = sales_file(tmp_path, sale_line(), sale_line(item_price="", item_id="a\"'é"))
    code, result, messages = produce(topic, file)
    by_item = {json.loads(m.value)["item_id"]: m for m in messages}
    assert (code, result["status"], result["produced"], result["failed"]) == (0, "done", 2, 0)
    assert json.loads(by_item["10"].value) == {
        "date": "2015-03-07",
        "shop_id": "1",
        "item_id": "10",
        "units": "2.0",
        "price": "9.5",
    }
    assert faults(DAILY_SALES, json.loads(by_item["a\"'é"].value)) == []
    sold = (date(2015, 3, 7), "1", "10", Decimal("2"), Decimal("9.5"))
    assert by_item["10"].key == sale_id(sold).encode()
    assert by_item["a\"'é"].key == sale_id((*sold[:2], "a\"'é", sold[3], None)).encode()


def test_lines_that_are_no_records_are_sent_as_they_are(
    produce: Any, topic: str, tmp_path: Path
) -> None:
    bad_date = sale_line(date="31.02.2015")
    file = sales_file(tmp_path, sale_line(), "1,2", "a,b,c,d,e,f,g", bad_date, 'not "closed', "")
    _, result, messages = produce(topic, file)
    raw = [m.value.decode() for m in messages if not m.value.startswith(b"{")]
    dates = [json.loads(m.value)["date"] for m in messages if m.value.startswith(b"{")]
    assert result["produced"] == 5
    assert sorted(raw) == ["1,2", "a,b,c,d,e,f,g", 'not "closed']
    assert sorted(dates) == ["2015-03-07", "31.02.2015"]


def test_versions_of_a_sale_stay_in_order(
    broker: str, topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile, file = tmp_path / "own.toml", tmp_path / "sales.csv"
    profile.write_text(OWN_IDS)
    lines = [
        f"2015-03-07;Caf\xe9;10;{version};sale-{sale};2015-03-07T{version:02}:00"
        for version in range(20)
        for sale in range(30)
    ]
    file.write_text("\n".join(["day;shop;item;units;id;version", *lines]), encoding="iso-8859-1")
    argv = ["--profile", str(profile), "--bootstrap-servers", broker, "--topic", topic, str(file)]
    assert main(JOB, argv) == 0
    assert json.loads(capsys.readouterr().out)["produced"] == 600
    seen: dict[bytes, list[Any]] = {}
    for message in received(broker, topic):
        seen.setdefault(message.key, []).append(message)
    assert set(seen) == {f"sale-{sale}".encode() for sale in range(30)}
    for messages in seen.values():
        assert len({message.partition for message in messages}) == 1
        assert [json.loads(m.value)["units"] for m in messages] == [str(v) for v in range(20)]
        assert json.loads(messages[0].value)["shop_id"] == "Café"


def test_shuffling_changes_the_order_and_nothing_else(
    produce: Any, broker: str, tmp_path: Path
) -> None:
    file = sales_file(tmp_path, *[sale_line(item_id=str(item)) for item in range(50)])
    sent = [
        [m.value for m in produce(new_topic(broker, 1), *more, file)[2]]
        for more in ((), ("--shuffle-seed", 1), ("--shuffle-seed", 1), ("--shuffle-seed", 2))
    ]
    assert [json.loads(value)["item_id"] for value in sent[0]] == [str(i) for i in range(50)]
    assert sent[1] == sent[2]
    assert all(one != other for one, other in pairwise([sent[0], sent[1], sent[3]]))
    assert all(Counter(one) == Counter(sent[0]) for one in sent)


def test_the_rate_and_the_limit_are_kept(produce: Any, topic: str, tmp_path: Path) -> None:
    file = sales_file(tmp_path, *[sale_line()] * 100)
    started = time.monotonic()
    _, result, messages = produce(topic, "--rate", "100", "--limit", "51", file)
    assert time.monotonic() - started >= 0.5
    assert (result["produced"], len(messages)) == (51, 51)


def test_nothing_is_sent_when_a_file_is_not_as_it_should_be(
    produce: Any, topic: str, tmp_path: Path
) -> None:
    good = sales_file(tmp_path, sale_line())
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    code, result, messages = produce(topic, good, tmp_path / "other.csv")
    assert (code, result["status"], messages) == (3, "refused", [])
    assert "no column 'date'" in result["error"]


def test_a_missing_topic_is_refused_before_anything_is_read(
    broker: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--profile", "sample", "--bootstrap-servers", broker, "--topic", "none", "nowhere.csv"]
    assert main(JOB, argv) == 3
    assert "no topic none" in json.loads(capsys.readouterr().out)["error"]


def test_a_message_that_kafka_does_not_take_is_counted(
    produce: Any, topic: str, tmp_path: Path
) -> None:
    file = sales_file(tmp_path, sale_line(), "x" * (2 << 20), sale_line(item_id="11"))
    code, result, messages = produce(topic, file)
    assert (code, result["status"]) == (1, "failed")
    assert (result["produced"], result["failed"], len(messages)) == (2, 1, 2)


def test_what_a_dead_broker_does_not_confirm_is_counted(tmp_path: Path) -> None:
    with Broker(tmp_path / "kafka") as broker:
        kafka = KafkaSettings(bootstrap_servers=broker.servers)  # type: ignore[call-arg]
        create_topics(kafka, ["sales"])
        with Delivery(kafka, "sales", delivery_ms=3000) as delivery:
            delivery.send(None, b"before")
            delivery.flush()
            broker.kill()
            delivery.send(None, b"after")
            delivery.flush()
    assert (delivery.sent, delivery.delivered, delivery.failed) == (2, 1, 1)
    assert delivery.fault


def test_ctrl_c_waits_for_what_is_on_its_way(broker: str, topic: str, tmp_path: Path) -> None:
    file = sales_file(tmp_path, *[sale_line()] * 5000)
    argv = ["--profile", "sample", "--bootstrap-servers", broker, "--topic", topic]
    command = [sys.executable, "-m", "streaming.produce", *argv, "--rate", "200", str(file)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        while not received(broker, topic):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=60)
    result = json.loads(out)
    assert (process.returncode, result["status"], result["failed"]) == (130, "interrupted", 0)
    assert 0 < result["produced"] == len(received(broker, topic)) < 5000
    assert re.search(rf"{result['produced']} messages delivered", told)
    assert os.linesep + "\r" not in told
