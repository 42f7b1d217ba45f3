"""A small lake with published forecasts, in the tables that the jobs write."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from lakehouse.delta import creation, log
from lakehouse.lake import Lake
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import claim_lake
from lakehouse.table import Table
from lakehouse.tables.gold import FORECAST_VERSIONS, FORECASTS
from lakehouse.tables.silver import SHOPS

CUTOFF = date(2015, 10, 1)
MONTH = date(2015, 11, 1)
TIME = datetime(2015, 11, 3, 2, tzinfo=UTC)


def forecast(shop_id: str = "57", item_id: str = "5037", **values: Any) -> dict[str, Any]:
    """Return a row of gold.forecasts, its version apart."""
    fixed = {"month": MONTH, "cutoff": CUTOFF, "horizon": 1, "units": 1.3, "rung": "own history"}
    row = {"shop_id": shop_id, "item_id": item_id, "model": "run-1", "generated_at": TIME}
    return {**row, **fixed, "p10": None, "p50": None, "p90": None, "p95": None, **values}


def shop(shop_id: str, **values: Any) -> dict[str, Any]:
    """Return a row of silver.shops."""
    row = {"shop_id": shop_id, "name": f"Shop {shop_id}", "alias_of": None}
    return {**row, "attributes": [], "updated_at": TIME, **values}


class PublishedLake:
    """A lake that a test publishes forecasts to."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = folder
        self.lake = Lake.at(str(folder))
        claim_lake(self.lake, load_profile("sample"))
        for table in (FORECASTS, FORECAST_VERSIONS):
            creation.create_table(self.lake, table)
        self.set_shops(shop("57"), shop("0", alias_of="57"))

    @classmethod
    def copy_of(cls, folder: Path, to: Path) -> "PublishedLake":
        """Copy a lake that was published to."""
        shutil.copytree(folder, to)
        copy = cls.__new__(cls)
        copy.folder, copy.lake = to, Lake.at(str(to))
        return copy

    def set_shops(self, *rows: dict[str, Any]) -> None:
        self.write(SHOPS, list(rows), "overwrite")

    def publish(self, version: str, *rows: dict[str, Any], **values: Any) -> None:
        """Write a version's forecasts, then the version."""
        self.write(FORECASTS, [{**row, "version": version} for row in rows])
        row = {"version": version, "cutoff": CUTOFF, "model": "run-1", "inputs": "{}"}
        fixed = {"rows": len(rows), "status": "published", "published_at": TIME}
        self.write(FORECAST_VERSIONS, [{**row, **fixed, "withdrawn_at": None, **values}])

    def set_status(self, version: str, status: str) -> None:
        table = log.load(self.lake, FORECAST_VERSIONS)
        is_version = f"version = '{version}'"
        table.update(new_values={"status": status}, predicate=is_version)

    def withdraw(self, version: str, at: datetime) -> None:
        table = log.load(self.lake, FORECAST_VERSIONS)
        values = {"status": "withdrawn", "withdrawn_at": at}
        table.update(new_values=values, predicate=f"version = '{version}'")

    def write(self, table: Table, rows: list[dict[str, Any]], mode: str = "append") -> None:
        data = pa.Table.from_pylist(rows, schema=table.schema)
        write_deltalake(creation.create_table(self.lake, table), data, mode=mode)
