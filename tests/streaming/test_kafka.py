"""The ingest query on a real broker: malformed records, other checkpoints, files against Kafka."""

import json
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from histories import CATALOGUE, RUBBISH, SALES, History, Message
from job_runs import run
from lakes import rows
from queries import Topics
from rebuilt import assert_same, assert_same_by_chispa, rebuild

from feature_store.build import Build
from ingestion.files.sources import find_sales_file
from jobs import ingest_history
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.profile.profile import load_profile
from lakehouse.tables.bronze import REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_SALES, ITEMS, MONTHS, SHOPS
from streaming import ingest as ingest_command
from streaming import refresh as refresh_command
from streaming.producer.messages import messages

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]


@pytest.fixture
def topics(broker: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Topics:
    """Topics of the test's own, named in the environment."""
    made = Topics(broker, request.node.name.split("[")[0][-40:])
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


def ingest(lake: Path, *options: object) -> tuple[int, dict[str, object]]:
    """Take in what is there."""
    common = ("--lake", lake, "--available-now")
    return run(ingest_command.JOB, *common, *(options or ("--profile", "sample")))


def sales(*records: dict[str, object]) -> list[Message]:
    """Sales messages."""
    return [(SALES, json.dumps(record).encode()) for record in records]


def sale(**fields: object) -> dict[str, object]:
    """A sale."""
    return {"date": "2015-03-07", "shop_id": "5", "item_id": "1", "units": 1, "price": 2, **fields}


def test_a_history_through_kafka_ends_as_its_rebuild(
    spark: "SparkSession", topics: Topics, tmp_path: Path
) -> None:
    for batch in History(21).batches(3):
        topics.send(batch)
        assert ingest(tmp_path / "lake")[0] == 0
        assert run(refresh_command.JOB, "--lake", tmp_path / "lake", "--available-now")[0] == 0
    lake = Lake.at(str(tmp_path / "lake"))
    made = rebuild(lake, tmp_path / "rebuilt", spark)
    assert_same(lake, made)
    assert_same_by_chispa(spark, lake, made)


def test_rubbish_is_kept_with_reasons_and_stops_nothing(topics: Topics, tmp_path: Path) -> None:
    topics.send([(SALES, value) for value in RUBBISH])
    topics.send([(CATALOGUE, b"{}"), *sales(sale(colour="red", nested={"a": [1]}))])
    code, figures = ingest(tmp_path)
    assert (code, figures["events"]) == (0, len(RUBBISH) + 2)
    lake = Lake.at(str(tmp_path))
    found = read_table(lake, REJECTED_SALES)
    assert len(found) == len(RUBBISH) + 1
    assert {value for value in found["value"].to_pylist()} == {*RUBBISH, b"{}"}
    assert all(found["reasons"].to_pylist())
    assert log.row_count(lake, DAILY_SALES) == 1


def test_a_field_that_is_new_in_the_contract_needs_no_new_checkpoint(
    topics: Topics, tmp_path: Path
) -> None:
    topics.send(sales(sale()))
    ingest(tmp_path)
    topics.send(sales(sale(item_id="2", loyalty_card="x", lines=[])))
    code, figures = ingest(tmp_path)
    assert (code, figures["events"]) == (0, 1)
    assert log.row_count(Lake.at(str(tmp_path)), DAILY_SALES) == 2


def test_a_second_run_takes_nothing_in(topics: Topics, tmp_path: Path) -> None:
    topics.send(sales(sale()))
    assert ingest(tmp_path)[1]["events"] == 1
    assert ingest(tmp_path)[1]["events"] == 0


def test_a_checkpoint_of_another_table_is_refused(topics: Topics, tmp_path: Path) -> None:
    topics.send(sales(sale()))
    ingest(tmp_path / "lake")
    shutil.copytree(tmp_path / "lake" / "checkpoints", tmp_path / "other" / "checkpoints")
    code, figures = ingest(tmp_path / "other")
    assert code == 3
    assert "belongs to another table" in str(figures["error"])


def test_a_checkpoint_of_another_topic_is_refused(topics: Topics, tmp_path: Path) -> None:
    topics.send(sales(sale()))
    ingest(tmp_path)
    marker = tmp_path / "checkpoints" / "ingest" / "shopcast.json"
    written = json.loads(marker.read_text())
    marker.write_text(json.dumps({**written, "topics": dict.fromkeys(written["topics"], "old")}))
    code, figures = ingest(tmp_path)
    assert code == 3
    assert "Name another checkpoint by --checkpoint" in str(figures["error"])
    assert ingest(tmp_path, "--checkpoint", tmp_path / "new")[0] == 0
    assert log.row_count(Lake.at(str(tmp_path)), DAILY_SALES) == 1


@pytest.mark.usefixtures("topics")
def test_a_topic_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SALES_TOPIC", "no-such-topic")
    code, figures = ingest(tmp_path)
    assert code == 3
    assert "no-such-topic" in str(figures["error"])


def as_messages(folder: Path) -> list[Message]:
    """The lines of the 1C files as the producer sends them, in another order."""
    files = [path for path in sorted(folder.iterdir()) if path.name.startswith("sales")]
    profile = load_profile("1c")
    found = [
        (SALES, message.value)
        for file in files
        for message in messages(find_sales_file(str(file), profile), profile)
    ]
    random.Random(1).shuffle(found)
    assert found, f"no sales file in {folder}"
    return found


def test_the_same_tables_come_from_files_and_from_kafka(
    spark: "SparkSession", topics: Topics, tmp_path: Path, shared_data: Path
) -> None:
    data, profile = shared_data / "1c", ("--profile", "1c")
    filed, streamed = tmp_path / "filed", tmp_path / "streamed"
    assert run(ingest_history.JOB, "--lake", filed, "--data", data, *profile)[0] == 0
    sent = as_messages(data)
    topics.send(sent)
    assert ingest(streamed, *profile, "--max-records", 60_000)[0] == 0
    one, other = Lake.at(str(filed)), Lake.at(str(streamed))
    content = [name for name in DAILY_SALES.names if name not in PROVENANCE]
    assert rows(one, DAILY_SALES, *content) == rows(other, DAILY_SALES, *content)
    assert rows(one, MONTHS, "month", "status") == rows(other, MONTHS, "month", "status")
    assert len(sent) == log.row_count(other, SALES_EVENTS)
    for table in (SHOPS, ITEMS):
        shutil.rmtree(streamed / table.path)
        shutil.copytree(filed / table.path, streamed / table.path)
    for lake in (one, other):
        Build.of(lake, lambda: spark).run()
    assert_same(one, other, left_out=PROVENANCE)


PROVENANCE = {"source", "partition", "offset", "updated_at", "ingested_at"}
