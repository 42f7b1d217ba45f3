"""A lake of five sales and two forecast versions, small enough to work out its copies by hand."""

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from builders import events
from published import PublishedLake, forecast, shop
from small_lakes import Sale, no_spark, small_lake

from feature_store.build import Build
from ingestion.sales.intake import merge_few_sales
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.overrides import Override, append_overrides
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.gold import FORECAST_SCORES

HISTORY = MonthRange(date(2014, 6, 1), date(2015, 7, 1))
MAY, JUNE, JULY = date(2015, 5, 1), date(2015, 6, 1), date(2015, 7, 1)
NOW = datetime(2015, 7, 2, tzinfo=UTC)
ITEM = {"category_id": "5", "category_name": "Light", "attributes": [("type", "home")]}
ITEMS = (
    {"item_id": "10", "name": "Lamp, green", **ITEM},
    {"item_id": "11", "name": 'Book "é"\nof two lines', **ITEM, "category_id": "6"},
    {"item_id": "12", "name": None, **ITEM, "category_name": None},
)
QUANTILES = ("p10", "p50", "p90", "p95")


def sale(day: str, shop_id: str, item_id: str, units: int, price: str) -> Sale:
    fields = {"date": day, "shop_id": shop_id, "item_id": item_id}
    return {**fields, "units": str(units), "price": price}


SALES = (
    sale("10.06.2014", "1", "10", 4, "5.00"),
    sale("03.05.2015", "1", "10", 2, "10.00"),
    sale("04.05.2015", "1", "10", -1, "10.00"),
    sale("05.06.2015", "1", "10", 3, "8.00"),
    sale("06.06.2015", "2", "11", 5, "2.50"),
)


def of_june(shop_id: str, item_id: str, units: float, *quantiles: float) -> dict[str, Any]:
    values = dict(zip(QUANTILES, quantiles, strict=True))
    return forecast(shop_id, item_id, units=units, month=JUNE, cutoff=MAY, **values)


def of_july(shop_id: str, item_id: str, units: float, **values: Any) -> dict[str, Any]:
    return forecast(shop_id, item_id, units=units, month=JULY, **{"cutoff": JUNE, **values})


class CopiedLake(PublishedLake):
    """The lake, to which a test adds sales and versions."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        listed = [{**item, "listed_on": None, "updated_at": NOW} for item in ITEMS]
        small_lake(folder, SALES, load_profile("sample"), listed, HISTORY)
        self.set_shops(
            shop("1", name="North"), shop("2", name="South"), shop("02", name=None, alias_of="2")
        )
        self.publish(
            "v1",
            of_june("1", "10", 2.5, 1, 2, 4, 5),
            of_june("2", "11", 1.0, 0, 1, 2, 3),
            of_july("1", "10", 2.0, cutoff=MAY, horizon=2),
            cutoff=MAY,
        )
        never_sold = of_july("1", "12", 0.5, rung="no history")
        self.publish(
            "v2", of_july("1", "10", 3.25), of_july("2", "11", 4.5), never_sold, cutoff=JUNE
        )
        self.score("v1", "all", "all", served=0.5625, naive=0.75)
        self.score("v1", "shop", "2", served=0.8, naive=0.2)
        for units in (4.0, 5.0):
            override = Override("1", "10", JULY, units, "promotion", None, "ann", NOW, "v2", 3.25)
            append_overrides(self.lake, [override])

    @classmethod
    def copied_from(cls, template: "CopiedLake", folder: Path) -> "CopiedLake":
        """Copy the lake's files, which takes a hundredth of the time of building a lake."""
        shutil.copytree(template.folder, folder)
        copy = cls.__new__(cls)
        copy.folder, copy.lake = folder, Lake.at(str(folder))
        return copy

    @property
    def uri(self) -> str:
        return str(self.folder)

    def score(self, version: str, segment: str, value: str, served: float, naive: float) -> None:
        """Write the scores of a version's forecasts of June, beside naive ones."""
        common = {"version": version, "month": JUNE, "horizon": 1, "run": "run-1"}
        where = {"segment": segment, "value": value, "cells": "x", "scored_at": NOW}
        figures = {"rows": 2, "volume": 8.0, "rmse": 2.8, "mae": 2.25, "bias": -2.25}
        rows = [
            {**common, **where, **figures, "coverage": 0.5, "model": model, "wape": wape}
            for model, wape in (("served", served), ("last_month", naive))
        ]
        append_rows(self.lake, FORECAST_SCORES, pa.Table.from_pylist(rows, FORECAST_SCORES.schema))

    def sell(self, *sales: Sale) -> None:
        """Take in sales, and bring the cells up to date."""
        values = [json.dumps(one).encode() for one in sales]
        start = 1000 + len(self.lake.root) * len(sales)
        received = events(*values, offsets=range(start, start + len(values)), received_at=NOW)
        merge_few_sales(self.lake, received, stored_profile(self.lake))
        Build.of(self.lake, no_spark).run()


def moved(lake: Lake) -> Lake:
    """The same lake as a program sees it that was started for another folder."""
    return Lake(f"{lake.root}-moved")
