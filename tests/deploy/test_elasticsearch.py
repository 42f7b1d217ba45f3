"""A lake's documents in a real Elasticsearch: right, strict, and the same after every run."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import elastic_server
import pandas as pd
import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan
from injection import Killed
from job_runs import run
from planner_lake import CELLS, ITEMS_SOLD, MONTHS_CLOSED, SHOPS, planner_lake, units_in
from published import PublishedLake

from cli.command_log import JOBS, STREAMS, command_formatter
from jobs import index_scores
from lakehouse.delta.arrow import read_table
from lakehouse.delta.deletes import delete_rows
from lakehouse.settings import JobSettings
from lakehouse.tables.gold import FORECAST_SCORES, FORECASTS
from lakehouse.tables.silver import SHOPS as SHOPS_TABLE
from serving.exchange import Exchange, Lookup
from serving.watching.ecs import EcsFormatter
from serving.watching.lines import lookup_line, request_line
from watching.elastic import documents
from watching.elastic.connection import connect
from watching.elastic.fields import FORECASTS as PAIRS
from watching.elastic.fields import INDICES, JOB_RUNS, LOGS, SCORES
from watching.elastic.indexing import Indexing
from watching.elastic.pairs import PairDocuments

pytestmark = pytest.mark.deploy
ALL = ",".join(f"{index.name}-*" for index in INDICES)
LAST = MONTHS_CLOSED[-1]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if not elastic_server.is_available():
        pytest.skip("Elasticsearch is missing: make deploy-tools")
    with elastic_server.running() as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Elasticsearch]:
    """A connection to a server without shopcast's indices."""
    with Elasticsearch(url) as client:
        names = list(client.indices.get(index=ALL, ignore_unavailable=True))
        for name in names:
            client.indices.delete(index=name)
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planner") / "lake"
    planner_lake(folder)
    return folder


@pytest.fixture
def lake(folder: Path, tmp_path: Path) -> PublishedLake:
    return PublishedLake.copy_of(folder, tmp_path / "lake")


def index(lake: PublishedLake, url: str) -> tuple[int, dict[str, Any]]:
    letters = lake.folder.parent / "refused.ndjson"
    options = ("--lake", lake.folder, "--elasticsearch", url, "--dead-letters", letters)
    return run(index_scores.JOB, *options)


def contents(client: Elasticsearch, names: str = ALL) -> dict[tuple[str, str], Any]:
    """All documents: index and id → source."""
    client.indices.refresh(index=names, ignore_unavailable=True)
    hits = scan(client, index=names, query={"query": {"match_all": {}}}, ignore_unavailable=True)
    return {(hit["_index"], hit["_id"]): hit["_source"] for hit in hits}


def without_runs(found: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    """Documents but for the runs of commands, to which each run of index_scores adds."""
    return {key: source for key, source in found.items() if not key[0].startswith(JOB_RUNS.name)}


def test_every_forecast_of_a_scored_month_stands_beside_its_actual(
    lake: PublishedLake, client: Elasticsearch, url: str
) -> None:
    code, figures = index(lake, url)
    assert (code, figures["refused"], figures["removed"]) == (0, 0, 0)
    assert set(client.indices.get(index=f"{PAIRS.name}-*")) == {
        f"{PAIRS.name}-{month:%Y.%m}" for month in MONTHS_CLOSED[-6:]
    }
    found = contents(client, f"{PAIRS.name}-{LAST:%Y.%m}")
    assert len(found) == len(SHOPS) * len(ITEMS_SOLD) + 1
    for (_, _), source in found.items():
        own = source["shopcast"]
        shop_id, item_id = own["shop"]["id"], own["item"]["id"]
        actual = units_in(shop_id, item_id, LAST) if item_id in ITEMS_SOLD else 0
        assert own["actual"] == actual
        assert own["error"] == own["forecast"] - actual
        assert own["covered"] == float(own["p10"] <= actual <= own["p90"])
        assert own["shop"]["name"] == SHOPS[shop_id]
        assert own["item"]["name"] == ITEMS_SOLD.get(item_id, (None,))[0]


def test_sums_of_the_index_are_those_of_the_lake(
    lake: PublishedLake, client: Elasticsearch, url: str
) -> None:
    index(lake, url)
    client.indices.refresh(index=ALL)
    sums = {
        name: {"sum": {"field": f"shopcast.{name}"}} for name in ("abs_error", "volume", "error")
    }
    by_shop = {"terms": {"field": "shopcast.shop.id"}, "aggs": sums}
    query = {"range": {"@timestamp": {"gte": "2015-10-01"}}}
    answer = client.search(index=PAIRS.name, size=0, query=query, aggs={"shops": by_shop})
    found = {bucket["key"]: bucket for bucket in answer["aggregations"]["shops"]["buckets"]}

    version = "20151003T020000Z"
    where = [("version", "=", version), ("month", "=", LAST)]
    forecasts: pd.DataFrame = read_table(lake.lake, FORECASTS, filters=where).to_pandas()
    cells = read_table(lake.lake, CELLS, filters=[("month", "=", LAST)]).to_pandas()
    keys = ["shop_id", "item_id"]
    joined = forecasts.merge(cells[[*keys, "units"]], on=keys, how="left", suffixes=("", "_sold"))
    joined["sold"] = joined["units_sold"].fillna(0).astype(float)
    joined["error"] = joined["units"].astype(float) - joined["sold"]
    for shop_id, rows in joined.groupby("shop_id"):
        wape = rows["error"].abs().sum() / rows["sold"].abs().sum()
        shown = found[shop_id]
        assert shown["abs_error"]["value"] / shown["volume"]["value"] == pytest.approx(wape, 1e-9)
        assert shown["error"]["value"] == pytest.approx(rows["error"].sum(), 1e-9)
        assert shown["doc_count"] == len(rows)


def test_a_second_run_writes_the_same_bytes_and_leaves_unchanged_months(
    lake: PublishedLake, client: Elasticsearch, url: str
) -> None:
    index(lake, url)
    before = without_runs(contents(client))
    code, figures = index(lake, url)
    assert (code, figures["unchanged"], figures["removed"]) == (0, 6, 0)
    assert without_runs(contents(client)) == before


def test_a_month_that_was_scored_again_is_overwritten(
    lake: PublishedLake, client: Elasticsearch, url: str
) -> None:
    index(lake, url)
    before = contents(client, f"{PAIRS.name}-*")
    rows = read_table(lake.lake, FORECAST_SCORES).to_pylist()
    late = [{**row, "cells": "late", "bias": 9.0} for row in rows if row["month"] == LAST]
    delete_rows(lake.lake, FORECAST_SCORES, read_table(lake.lake, FORECAST_SCORES))
    lake.write(FORECAST_SCORES, [row for row in rows if row["month"] != LAST] + late)
    sold = read_table(lake.lake, CELLS, filters=[("month", "=", LAST)])
    delete_rows(lake.lake, CELLS, sold.slice(0, 1))
    gone = sold.to_pylist()[0]
    code, figures = index(lake, url)
    assert (code, figures["unchanged"], figures["removed"]) == (0, 5, 0)
    after = contents(client, f"{PAIRS.name}-*")
    assert set(after) == set(before), "each document is in its place"
    changed = {
        (source["shopcast"]["shop"]["id"], source["shopcast"]["item"]["id"])
        for key, source in after.items()
        if source["shopcast"]["actual"] != before[key]["shopcast"]["actual"]
    }
    assert changed == {(gone["shop_id"], gone["item_id"])}
    biases = {s["shopcast"]["bias"] for s in contents(client, f"{SCORES.name}-*").values()}
    assert 9.0 in biases


def test_an_erased_shop_is_gone(lake: PublishedLake, client: Elasticsearch, url: str) -> None:
    lake.write(FORECAST_SCORES, [of_shop(lake, "6")])
    index(lake, url)
    assert '"6"' in json.dumps(list(contents(client).values()))
    for table in (CELLS, SHOPS_TABLE):
        delete_rows(lake.lake, table, read_table(lake.lake, table, filters=[("shop_id", "=", "6")]))
    scores = read_table(lake.lake, FORECAST_SCORES, filters=[("segment", "=", "shop")])
    delete_rows(lake.lake, FORECAST_SCORES, scores)
    code, figures = index(lake, url)
    assert (code, figures["unchanged"]) == (0, 0)
    assert figures["removed"] == 6 * len(ITEMS_SOLD) + 1
    left = without_runs(contents(client))
    assert {s["shopcast"]["shop"]["id"] for s in left.values() if "shop" in s["shopcast"]} == {
        "57",
        "31",
    }
    assert "6" not in {source["shopcast"].get("value") for source in left.values()}


def of_shop(lake: PublishedLake, shop_id: str) -> dict[str, Any]:
    """A row of errors of one shop."""
    row = read_table(lake.lake, FORECAST_SCORES).to_pylist()[0]
    return {**row, "segment": "shop", "value": shop_id}


def test_a_run_that_is_cut_off_is_completed_by_the_next(
    lake: PublishedLake, client: Elasticsearch, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(lake, url)
    whole = without_runs(contents(client))
    client.indices.delete(index=",".join({name for name, _ in whole}))
    complete = PairDocuments.documents

    def cut_off(self: PairDocuments, scored: Any) -> Iterator[Any]:
        for number, document in enumerate(complete(self, scored)):
            if scored.month == MONTHS_CLOSED[-4] and number == 17:
                raise Killed
            yield document

    monkeypatch.setattr(PairDocuments, "documents", cut_off)
    monkeypatch.setattr("watching.elastic.indexing.CHUNK", 10)
    with pytest.raises(Killed), connect(url, JobSettings()) as connected:
        Indexing(connected, lake.lake, lake.folder / "letters").run()
    assert 0 < len(without_runs(contents(client))) < len(whole)
    monkeypatch.setattr(PairDocuments, "documents", complete)
    code, figures = index(lake, url)
    assert (code, figures["unchanged"]) == (0, 2)
    assert without_runs(contents(client)) == whole


def test_a_stray_field_is_refused_into_the_dead_letters(
    lake: PublishedLake, client: Elasticsearch, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = documents.measures
    monkeypatch.setattr(documents, "measures", lambda row: {**plain(row), "stray": 1})
    code, figures = index(lake, url)
    assert code == 3
    assert figures["refused"] == 12
    letters = (lake.folder.parent / "refused.ndjson").read_text().splitlines()
    reasons = [json.loads(letter)["index"]["error"]["type"] for letter in letters]
    assert reasons == ["strict_dynamic_mapping_exception"] * 12
    assert contents(client, f"{SCORES.name}-*") == {}
    assert contents(client, f"{PAIRS.name}-*"), "the other documents are written all the same"


def test_lines_of_logs_are_taken(lake: PublishedLake, client: Elasticsearch, url: str) -> None:
    index(lake, url)
    scope = {"method": "GET", "path": "/predict", "client": ("127.0.0.1", 1)}
    exchange = Exchange("id-1", "trace", 0.0, user_id="key", status=200, sent_bytes=7)
    record = logging.LogRecord("shopcast", logging.ERROR, __file__, 1, "it failed", (), None)
    try:
        raise ValueError("why")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    lines = [
        request_line(scope, exchange, "/predict", 0.01),
        lookup_line(Lookup("own history", 1, "v1", "57", "7"), "forecast", exchange),
        EcsFormatter().format(record),
        command_formatter("ecs", "forecast", JOBS).format(record),
        command_formatter("ecs", "ingest", STREAMS).format(record),
    ]
    for line in lines:
        client.index(index=f"{LOGS.name}-1", document=json.loads(line))
    assert len(contents(client, f"{LOGS.name}-*")) == 5
    client.indices.delete(index=f"{LOGS.name}-1")


def test_a_server_that_is_away_is_named(lake: PublishedLake) -> None:
    code, figures = index(lake, "http://127.0.0.1:9")
    assert code == 3
    assert "Elasticsearch: ConnectionError" in figures["error"]
    code, figures = index(lake, "ftp://somewhere")
    assert (code, "ELASTICSEARCH_API_KEY" in figures["error"]) == (2, True)
