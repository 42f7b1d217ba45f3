"""A server that is killed in the middle of an upload, again and again, loses and doubles no row."""

import gzip
import json
import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from kafka_messages import received
from published import PublishedLake
from server import Server, started
from uploading import CSV, Uploader, counts

from ingestion.sales.intake import merge_few_sales
from lakehouse.delta.arrow import read_table
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.bronze import SALES_EVENTS
from lakehouse.tables.silver import DAILY_SALES
from serving.access.key_store import KeyStore
from serving.access.scopes import Scope
from serving.state import StateFolder
from streaming.kafka.settings import KafkaSettings

pytestmark = pytest.mark.slow
ROWS, KILLS = 100_000, 10
LONGEST_SECONDS = 4.0


def body() -> bytes:
    """Sales of which each is another one."""
    rows = (f"31.10.2015,{row % 50},{row // 50},1,{row}.5" for row in range(ROWS))
    text = "\n".join(["date,shop_id,item_id,item_cnt_day,item_price", *rows])
    return gzip.compress(text.encode(), 1)


def kill(server: Server, chosen: random.Random) -> None:
    """Kill the server, and the process that works on the upload before it, after it or not."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    victims = [pid, *map(int, chosen.sample(children, chosen.randint(0, len(children))))]
    for victim in chosen.sample(victims, len(victims)):
        os.kill(victim, signal.SIGKILL)
    server.process.wait()


@contextmanager
def serving(folder: Path, lake: PublishedLake, kafka: KafkaSettings) -> Iterator[Server]:
    environment = {
        "STATE_FOLDER": str(folder / "state"),
        "KAFKA_BOOTSTRAP_SERVERS": kafka.servers,
        "KAFKA_SALES_TOPIC": kafka.sales_topic,
        "KAFKA_CATALOGUE_TOPIC": kafka.catalogue_topic,
    }
    with started(folder, "--lake", str(lake.folder), **environment) as server:
        yield server


def client_of(server: Server) -> httpx.Client:
    client = server.client()
    client.timeout = httpx.Timeout(120)
    return client


def send(client: httpx.Client, key: str, content: bytes) -> httpx.Response | None:
    """Send the upload; None: the server died."""
    try:
        uploader = Uploader(client, key)
        return uploader.post(content, media=CSV, Content_Encoding="gzip")
    except httpx.HTTPError:
        return None


def test_an_upload_killed_at_random_points_comes_in_once(
    published: PublishedLake, kafka: KafkaSettings, tmp_path: Path
) -> None:
    chosen, content = random.Random(12), body()
    key = KeyStore(StateFolder(tmp_path / "state")).create("tests", [Scope.WRITE])
    for _ in range(KILLS):
        with (
            serving(tmp_path, published, kafka) as server,
            client_of(server) as client,
            ThreadPoolExecutor(1) as pool,
        ):
            sent = pool.submit(send, client, key, content)
            time.sleep(chosen.uniform(0, LONGEST_SECONDS))
            kill(server, chosen)
            sent.result()
    with serving(tmp_path, published, kafka) as server, client_of(server) as client:
        answers = [send(client, key, content) for _ in range(3)]
        while answers[-1] is not None and answers[-1].status_code == 409:
            time.sleep(1)
            answers.append(send(client, key, content))
    first, again = answers[-1], send_again(tmp_path, published, kafka, key, content)
    assert first is not None
    assert first.status_code == 202
    assert counts(first.json()) == (ROWS, ROWS, 0, 0)
    assert again.content == first.content
    messages = received(kafka, kafka.sales_topic)
    assert len(messages) >= ROWS
    columns = {
        "source": ["sales:topic"] * len(messages),
        "partition": [message.partition for message in messages],
        "offset": [message.offset for message in messages],
        "value": [message.value for message in messages],
        "received_at": [message.timestamp * 1000 for message in messages],
        "ingested_at": [int(time.time() * 1e6)] * len(messages),
    }
    events = pa.table(columns).cast(SALES_EVENTS.schema)
    merge_few_sales(published.lake, events, stored_profile(published.lake))
    sales = read_table(published.lake, DAILY_SALES)
    assert len(sales) == ROWS
    assert len(set(sales["sale_id"].to_pylist())) == ROWS
    versions = {json.loads(message.value)["updated_at"] for message in messages}
    assert len(versions) == 1


def send_again(
    folder: Path, lake: PublishedLake, kafka: KafkaSettings, key: str, content: bytes
) -> httpx.Response:
    with serving(folder, lake, kafka) as server, client_of(server) as client:
        response = send(client, key, content)
    assert response is not None
    return response
