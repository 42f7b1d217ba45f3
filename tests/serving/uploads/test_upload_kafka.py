"""With Kafka, accepted rows are in the topic, confirmed, before the answer."""

import json
from pathlib import Path

import pytest
from injection import hooked, kill_at
from kafka_messages import received
from uploading import CSV, NDJSON, Uploader, counts, json_list, lines, sale

from ingestion.catalogue.messages import read_message
from lakehouse.values import timestamp
from serving.uploads import destination
from streaming.kafka.settings import KafkaSettings
from streaming.kafka.topics import create_topics
from streaming.local_broker.broker import Broker
from streaming.local_broker.properties import free_port

pytestmark = pytest.mark.slow


def test_accepted_rows_are_in_the_topic_before_the_answer(
    uploader: Uploader, kafka: KafkaSettings
) -> None:
    rows = [sale(), sale(), sale(date="x"), sale(item_id="8", updated_at="2015-11-01T10:00:00Z")]
    answer = uploader.post(lines(*rows), media=NDJSON)
    messages = received(kafka, kafka.sales_topic)
    assert (answer.status_code, counts(answer.json())) == (202, (4, 2, 1, 1))
    assert answer.json()["command"] is None
    assert len(messages) == 2
    first_use = timestamp(answer.json()["first_used_at"])
    versions = {r["item_id"]: r["updated_at"] for r in map(json.loads, (m.value for m in messages))}
    assert versions["8"] == "2015-11-01T10:00:00Z"
    assert timestamp(versions["20949"]) == first_use
    assert all(len(message.key) == 32 for message in messages)


def test_a_table_in_a_process_apart_comes_to_the_same_topic(
    uploader: Uploader, kafka: KafkaSettings
) -> None:
    row = "31.10.2015,25,20949,2,5.00\n"
    body = "date,shop_id,item_id,item_cnt_day,item_price\n" + row + row.replace("25", "26") * 20_000
    answer = uploader.post(body.encode(), media=CSV)
    assert counts(answer.json()) == (20_001, 2, 0, 19_999)
    values = [json.loads(m.value) for m in received(kafka, kafka.sales_topic)]
    assert {value["shop_id"] for value in values} == {"25", "26"}
    assert {value["date"] for value in values} == {"2015-10-31"}


def test_shops_and_items_are_messages_of_the_catalogue(
    uploader: Uploader, kafka: KafkaSettings
) -> None:
    shop = {"shop_id": 7, "name": "Seven", "alias_of": None}
    item = {"item_id": "9", "name": "Lamp", "category_id": 1, "category_name": "Light"}
    assert uploader.post(json_list(shop), "shops", what="shops").status_code == 202
    answer = uploader.post(json_list(item, {"name": "?"}), "items", what="items").json()
    assert counts(answer) == (2, 1, 1, 0)
    assert answer["errors"][0]["code"] == "item_id_implausible"
    read = [read_message(message.value) for message in received(kafka, kafka.catalogue_topic)]
    assert sorted(
        (len(message["shops"]), len(message["items"])) for message in read if message
    ) == [(0, 1), (1, 0)]


def test_a_refused_body_sends_nothing(uploader: Uploader, kafka: KafkaSettings) -> None:
    body = json_list(*[sale(item_id=str(item)) for item in range(3000)])[:-1]
    assert uploader.post(body).status_code == 422
    assert received(kafka, kafka.sales_topic) == []


def test_a_missing_topic_is_not_made_by_an_upload(
    uploader: Uploader, kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kafka.servers
    monkeypatch.setenv("KAFKA_SALES_TOPIC", "nowhere")
    assert uploader.post(json_list(sale())).status_code == 503


def test_a_broker_that_is_away_is_waited_for_by_the_client(
    uploader: Uploader, kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json_list(sale())
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    away = uploader.post(body)
    assert away.status_code == 503
    assert int(away.headers["retry-after"]) > 0
    assert "127.0.0.1" not in away.text
    assert uploader.get().json()["state"] == "interrupted"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.servers)
    assert uploader.post(body).status_code == 202
    assert len(received(kafka, kafka.sales_topic)) == 1


def test_a_broker_killed_in_the_middle_leaves_an_upload_that_a_repetition_completes(
    uploader: Uploader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(tmp_path / "kafka")
    settings = KafkaSettings(bootstrap_servers=broker.start())  # type: ignore[call-arg]
    create_topics(settings, [settings.sales_topic], 2)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", broker.servers)
    monkeypatch.setattr(destination, "DELIVERY_MS", 4_000)
    rows = [sale(item_id=str(number)) for number in range(200)]
    try:
        with hooked(kill_at("upload block sent", end=broker.kill)):
            cut = uploader.post(json_list(*rows))
        assert (cut.status_code, "retry-after" in cut.headers) == (503, True)
        assert uploader.get().json()["state"] == "interrupted"
        broker.start()
        again = uploader.post(json_list(*rows))
        assert (again.status_code, counts(again.json())) == (202, (200, 200, 0, 0))
        values = {message.value for message in received(settings, settings.sales_topic)}
    finally:
        broker.stop()
    # A row that came twice is the same version of the sale twice: the stream counts it once.
    assert len(values) == 200
