"""A lake for the page: two and a half years of sales of three shops, and six forecast versions."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from published import PublishedLake, forecast, shop

from features.groups import shop_item
from features.tables import monthly_table
from lakehouse.job_runs import JobRun
from lakehouse.month_range import plus_months
from lakehouse.tables.gold import FORECAST_SCORES
from lakehouse.tables.runs import JOB_RUNS
from lakehouse.tables.silver import ITEMS, MONTHS

FIRST, CUTOFF = date(2013, 5, 1), date(2015, 10, 1)
COMING = [plus_months(CUTOFF, count) for count in (1, 2, 3)]
MONTHS_CLOSED = [plus_months(FIRST, count) for count in range(30)]
CELLS = monthly_table(shop_item(None))
SHOPS = {"57": "Épicerie du Marché", "6": "Corner shop, Harbour Street", "31": "Москва ТЦ «Ёлка»"}
ITEMS_SOLD = {
    "5037": ("Desk lamp, green", "Light"),
    "17": ("Café filter papers, pack of 100", "Kitchen"),
    "204": ("Notebook A5, dotted", "Paper"),
    "205": ("Notebook A4, ruled", "Paper"),
    "88": ("Umbrella, large", "Outdoor"),
    "9": ("Candle, vanilla", "Light"),
    "310": ("Board game for four players with a very long name that must wrap", "Games"),
    "311": ("=1+1 cards", "Games"),
    "7": ("Teapot", "Kitchen"),
    "8": ("Garden gloves", "Outdoor"),
}
NEW_ITEM = "999"
QUANTILES = ("p10", "p50", "p90", "p95")


def units_in(shop_id: str, item_id: str, month: date) -> int:
    """Return the units sold: a season with a level and a disturbance, the same in every run."""
    seed = int(shop_id) * 7919 + int(item_id) * 31 + month.year * 12 + month.month
    level = 2.5 + int(item_id) % 40 / 8 + int(shop_id) % 7 / 3
    season = 1 + 0.45 * np.cos((month.month - 12) * np.pi / 6)
    return int(max(0, round(level * season * np.random.default_rng(seed).normal(1, 0.16))))


def forecast_of(shop_id: str, item_id: str, cutoff: date, month: date) -> dict[str, Any]:
    """Return a row of gold.forecasts."""
    horizon = (month.year - cutoff.year) * 12 + month.month - cutoff.month
    before = [units_in(shop_id, item_id, plus_months(month, -12 * years)) for years in (1, 2)]
    units = round(sum(before) / 2, 2)
    spread = (min(20, round(units * share, 2)) for share in (0.72, 0.98, 1.3, 1.42))
    return forecast(
        shop_id,
        item_id,
        month=month,
        cutoff=cutoff,
        horizon=horizon,
        units=units,
        model="4f1c2d9e8b7a4c3d9e0f1a2b3c4d5e6f",
        **dict(zip(QUANTILES, spread, strict=True)),
    )


def version_of(cutoff: date) -> str:
    """Return the name of the version that knows sales through a cutoff."""
    after = plus_months(cutoff, 1)
    return f"{after:%Y%m}03T020000Z"


def planner_lake(folder: Path) -> PublishedLake:
    """Make the lake."""
    published = PublishedLake(folder)
    named = [shop(shop_id, name=name) for shop_id, name in SHOPS.items()]
    published.set_shops(*named, shop("0", name="Old market", alias_of="57"))
    published.write(ITEMS, [item_row(*item) for item in ITEMS_SOLD.items()])
    statuses = [*((month, "closed") for month in MONTHS_CLOSED), (COMING[0], "open")]
    published.write(
        MONTHS,
        [{"month": month, "status": status, "closed_at": None} for month, status in statuses],
    )
    published.write(CELLS, [cell(*key) for key in keys()])
    for back in range(6, -1, -1):
        publish(published, plus_months(CUTOFF, -back))
    published.write(FORECAST_SCORES, scores())
    published.write(JOB_RUNS, job_runs())
    return published


def job_runs() -> list[dict[str, Any]]:
    """Return the runs that made the newest version from version 12 of the sales."""
    steps: dict[str, tuple[dict[str, int], dict[str, int], dict[str, str]]] = {
        "ingest_history": ({}, {"silver/daily_sales": 12}, {}),
        "build_features": ({"silver/daily_sales": 12}, {"gold/features_item": 7}, {}),
        "build_panel": ({"gold/features_item": 7}, {"gold/panel": 5}, {}),
        "forecast": (
            {"gold/panel": 5},
            {"gold/forecast_versions": 9},
            {"version": version_of(CUTOFF)},
        ),
    }
    begun = datetime(2015, 11, 3, 1, tzinfo=UTC)
    return [
        asdict(
            JobRun(
                run=f"2015110301{number:02}-{command}",
                command=command,
                arguments="{}",
                parent=None,
                program="shopcast 0.1.0",
                process="host:7:1",
                started_at=begun + timedelta(minutes=10 * number),
                ended_at=begun + timedelta(minutes=10 * number + 9),
                seconds=540.0,
                status="done",
                exit_code=0,
                rows=None,
                inputs=json.dumps(reads),
                outputs=json.dumps(writes),
                result=json.dumps(result),
            )
        )
        for number, (command, (reads, writes, result)) in enumerate(steps.items())
    ]


def keys() -> list[tuple[str, str, date]]:
    """List the shops, items and months with sales; the open month has some, too."""
    months = [*MONTHS_CLOSED, COMING[0]]
    return [(s, i, m) for m in months for s in SHOPS for i in ITEMS_SOLD if units_in(s, i, m)]


def cell(shop_id: str, item_id: str, month: date) -> dict[str, Any]:
    """Return a row of the monthly cells of pairs; only key and units are the row's own."""
    zeros = {name: 0 for name in CELLS.names}
    units = units_in(shop_id, item_id, month)
    return {**zeros, "shop_id": shop_id, "item_id": item_id, "month": month, "units": units}


def item_row(item_id: str, names: tuple[str, str]) -> dict[str, Any]:
    """Return a row of silver.items."""
    known = {"item_id": item_id, "name": names[0], "category_name": names[1]}
    updated = datetime(2015, 11, 1, tzinfo=UTC)
    return {**known, "category_id": names[1], "attributes": [], "updated_at": updated}


def publish(published: PublishedLake, cutoff: date) -> None:
    """Publish the forecasts of the three months after a cutoff."""
    months = [plus_months(cutoff, count) for count in (1, 2, 3)]
    rows = [forecast_of(s, i, cutoff, m) for s in SHOPS for i in ITEMS_SOLD for m in months]
    rows += [
        {**forecast_of("57", NEW_ITEM, cutoff, month), "rung": "category in shop"}
        for month in months
    ]
    after = plus_months(cutoff, 1)
    at = datetime(after.year, after.month, 3, 2, tzinfo=UTC)
    published.publish(version_of(cutoff), *rows, cutoff=cutoff, published_at=at)


def scores() -> list[dict[str, Any]]:
    """Return rows of gold.forecast_scores of the last six months, served and naive."""
    rows = []
    for back in range(5, -1, -1):
        month = plus_months(CUTOFF, -back)
        for model, wape in (("served", 0.31 + back / 100), ("same month last year", 0.42)):
            fixed = {"segment": "all", "value": "all", "rows": 30, "volume": 700.0, "rmse": 3.1}
            known = {"version": version_of(plus_months(month, -1)), "month": month, "horizon": 1}
            judged = {"mae": 2.4, "bias": -0.21, "wape": wape, "coverage": 0.78, "cells": "c"}
            run = {"model": model, "run": "r", "scored_at": datetime(2015, 11, 3, tzinfo=UTC)}
            rows.append({**fixed, **known, **judged, **run})
    return rows
