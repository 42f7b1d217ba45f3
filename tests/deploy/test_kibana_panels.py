"""Each panel of Kibana shows the number that the lake's tables give."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import elastic_server
import pandas as pd
import pytest
from elastic_panels import Groups, ask, compute
from elasticsearch import Elasticsearch
from job_runs import run
from planner_lake import CELLS, planner_lake
from published import PublishedLake

from jobs import index_scores
from lakehouse.delta.arrow import read_table
from lakehouse.job_runs import read_job_runs
from lakehouse.tables.gold import BACKTESTS, FORECAST_SCORES, FORECASTS
from lakehouse.tables.silver import ITEMS
from watching.kibana.panel import Panel, read_dashboards

pytestmark = pytest.mark.deploy
PANELS = [panel for dashboard in read_dashboards() for panel in dashboard.panels]
OF_LAKE = [panel for panel in PANELS if panel.index != "shopcast-logs"]
OUTCOMES = {"done": "success", "failed": "failure", "killed": "failure"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> PublishedLake:
    published = planner_lake(tmp_path_factory.mktemp("planner") / "lake")
    scores = read_table(published.lake, FORECAST_SCORES).to_pylist()
    segments = [("demand", "little"), ("demand", "much"), ("item", "new")]
    published.write(
        FORECAST_SCORES,
        [
            {**row, "segment": segment, "value": value, "mae": row["mae"] + number}
            for number, (segment, value) in enumerate(segments)
            for row in scores
        ],
    )
    fold = {"spine": "assortment", "actuals": "lake", "inputs": "i", "run": "b1"}
    published.write(
        BACKTESTS,
        [
            {**{k: v for k, v in row.items() if k in BACKTESTS.names}, **fold}
            | {"model": model, "cutoff": row["month"], "mae": row["mae"] * factor}
            for model, factor in (("xgboost", 1.0), ("last month", 1.7))
            for row in scores
            if row["model"] == "served"
        ],
    )
    return published


@pytest.fixture(scope="module")
def client(
    lake: PublishedLake, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Elasticsearch]:
    """A server that has the lake's documents."""
    if not elastic_server.is_available():
        pytest.skip("Elasticsearch is missing: make deploy-tools")
    letters = tmp_path_factory.mktemp("letters") / "refused"
    with elastic_server.running() as url, Elasticsearch(url) as client:
        options = ("--elasticsearch", url, "--dead-letters", letters)
        code, figures = run(index_scores.JOB, "--lake", lake.folder, *options)
        assert (code, figures["refused"]) == (0, 0)
        client.indices.refresh(index="shopcast-*")
        yield client


@pytest.fixture(scope="module")
def frames(lake: PublishedLake) -> dict[str, pd.DataFrame]:
    """Index → rows of the lake with columns named as the fields; made without the documents."""
    return {
        "shopcast-forecasts": pairs(lake),
        "shopcast-scores": scored(read_table(lake.lake, FORECAST_SCORES).to_pandas()),
        "shopcast-backtests": scored(read_table(lake.lake, BACKTESTS).to_pandas()),
        "shopcast-job-runs": runs(lake),
    }


def pairs(lake: PublishedLake) -> pd.DataFrame:
    """Forecasts of scored months beside the units sold."""
    scores = read_table(lake.lake, FORECAST_SCORES).to_pandas()
    due = scores[scores["model"] == "served"][["version", "month"]].drop_duplicates()
    forecasts = read_table(lake.lake, FORECASTS).to_pandas().merge(due, on=["version", "month"])
    keys = ["shop_id", "item_id", "month"]
    cells = read_table(lake.lake, CELLS, (*keys, "units")).to_pandas()
    rows = forecasts.merge(cells, on=keys, how="left", suffixes=("", "_sold"))
    items = read_table(lake.lake, ITEMS, ("item_id", "category_name")).to_pandas()
    rows = rows.merge(items, on="item_id", how="left")
    sold = rows["units_sold"].fillna(0).astype(float)
    made = rows["units"].astype(float)
    return pd.DataFrame(
        {
            "@timestamp": rows["month"],
            "shopcast.horizon": rows["horizon"],
            "shopcast.shop.id": rows["shop_id"],
            "shopcast.item.id": rows["item_id"],
            "shopcast.category": rows["category_name"],
            "shopcast.rung": rows["rung"],
            "shopcast.forecast": made,
            "shopcast.actual": sold,
            "shopcast.volume": sold.abs(),
            "shopcast.error": made - sold,
            "shopcast.abs_error": (made - sold).abs(),
            "shopcast.covered": ((rows["p10"] <= sold) & (sold <= rows["p90"])).astype(float),
        }
    )


def scored(rows: pd.DataFrame) -> pd.DataFrame:
    """Errors by segment, and their sums."""
    named = {name: f"shopcast.{name}" for name in ("segment", "value", "horizon", "rows", "volume")}
    frame = rows.rename(columns={**named, "month": "@timestamp", "model": "shopcast.forecaster"})
    frame["shopcast.abs_error"] = rows["mae"] * rows["rows"]
    frame["shopcast.error"] = rows["bias"] * rows["rows"]
    frame["shopcast.covered"] = rows["coverage"] * rows["rows"]
    return frame


def runs(lake: PublishedLake) -> pd.DataFrame:
    """Runs of commands."""
    return pd.DataFrame(
        [
            {
                "shopcast.command": row.command,
                "shopcast.status": row.status,
                "shopcast.rows": row.rows,
                "event.outcome": OUTCOMES.get(row.status, "unknown"),
                "event.duration": None if row.seconds is None else row.seconds * 1e9,
            }
            for row in read_job_runs(lake.lake)
            if row.command != "index_scores"
        ]
    )


def of_others(groups: Groups) -> Groups:
    """Groups without the run of index_scores itself, which had not ended when it was indexed."""
    return {key: values for key, values in groups.items() if key[:1] != ("index_scores",)}


@pytest.mark.parametrize("panel", OF_LAKE, ids=lambda panel: f"{panel.index}: {panel.title}")
def test_a_panel_shows_what_the_tables_say(
    client: Elasticsearch, frames: dict[str, pd.DataFrame], panel: Panel
) -> None:
    without_time = replace(panel, over=None) if panel.over == "time" else panel
    if panel.index == "shopcast-job-runs":
        others = "shopcast.command: (ingest_history or build_features or build_panel or forecast)"
        kept = f"{panel.filter} and {others}" if panel.filter else others
        without_time = replace(without_time, filter=kept)
    shown = of_others(ask(client, without_time))
    wanted = compute(frames[panel.index], without_time)
    assert shown or "train" in panel.filter
    assert set(shown) == set(wanted)
    for key, values in wanted.items():
        for label, value in values.items():
            found = shown[key][label]
            if value is None or found is None:
                assert not value
                assert not found
            else:
                assert found == pytest.approx(value, rel=1e-9), (key, label)


def test_a_changed_formula_is_noticed(
    client: Elasticsearch, frames: dict[str, pd.DataFrame]
) -> None:
    panel = next(panel for panel in OF_LAKE if panel.title == "WAPE")
    wrong = replace(panel, formulas={"WAPE": "average(shopcast.abs_error)"})
    assert ask(client, wrong) != ask(client, panel)
    assert ask(client, panel)[()]["WAPE"] == pytest.approx(
        compute(frames[panel.index], panel)[()]["WAPE"], rel=1e-9
    )


def test_the_templates_on_the_server_are_the_files(client: Elasticsearch) -> None:
    folder = Path(__file__).parents[2] / "watching" / "files" / "elasticsearch"
    for file in sorted(folder.glob("shopcast-*.json")):
        if file.stem == "shopcast-base":
            continue
        wanted: dict[str, Any] = json.loads(file.read_text())
        found = client.indices.get_index_template(name=file.stem)["index_templates"][0]
        stored = found["index_template"]["template"]["mappings"]
        assert stored == wanted["template"]["mappings"]
