"""Lakes with generated forecasts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import claim_lake
from lakehouse.tables.gold import FORECAST_VERSIONS, FORECASTS
from lakehouse.tables.silver import SHOPS

SHOP_COUNT, HORIZONS = 60, 3
CUTOFF = date(2015, 10, 1)
RUNGS = np.array(["own history", "item in other shops", "category"])
MOST_UNITS = 20
SHOPS_AT_ONCE = 10


def make_lake(folder: Path) -> Lake:
    """Create a lake with shops and without forecasts."""
    lake = Lake.at(str(folder))
    claim_lake(lake, load_profile("sample"))
    fixed: dict[str, object] = {"alias_of": None, "attributes": [], "updated_at": datetime.now(UTC)}
    rows = [{"shop_id": str(n), "name": f"Shop {n}", **fixed} for n in range(SHOP_COUNT)]
    append_rows(lake, SHOPS, pa.Table.from_pylist(rows, SHOPS.schema))
    return lake


def publish(lake: Lake, version: str, rows: int, seed: int = 0, *, is_broken: bool = False) -> None:
    """Write generated forecasts of a version, then the version.

    Args:
        lake: the lake that has the shops.
        version: the version.
        rows: forecasts to write, rounded down to whole items of all shops.
        seed: of the drawn numbers.
        is_broken: name one forecast more than there are, so that the version is not served.
    """
    items = rows // SHOP_COUNT // HORIZONS
    for block in forecast_blocks(version, items, seed):
        append_rows(lake, FORECASTS, block)
    row = {"version": version, "cutoff": CUTOFF, "model": run_of(version, 1), "inputs": "{}"}
    count = items * SHOP_COUNT * HORIZONS + is_broken
    now = datetime.now(UTC)
    status = {"status": "published", "published_at": now, "withdrawn_at": None}
    append_rows(
        lake,
        FORECAST_VERSIONS,
        pa.Table.from_pylist([{**row, "rows": count, **status}], FORECAST_VERSIONS.schema),
    )


def forecast_blocks(version: str, items: int, seed: int) -> Iterator[pa.Table]:
    """Yield forecasts of some shops and one month at a time."""
    draw = np.random.default_rng(seed)
    item_ids = pa.array([str(n) for n in range(items)])
    for horizon in range(1, HORIZONS + 1):
        for first in range(0, SHOP_COUNT, SHOPS_AT_ONCE):
            shops = np.arange(first, first + SHOPS_AT_ONCE)
            count = items * len(shops)
            units = np.minimum(draw.gamma(0.5, 1.0, count), MOST_UNITS).astype(np.float32)
            quantiles = np.sort(np.floor(units * draw.uniform(0, 2, (4, count))), axis=0)
            quantiles = np.minimum(quantiles, MOST_UNITS).astype(np.float32)
            columns = {
                "shop_id": pa.array([str(n) for n in shops]).take(
                    pa.array(np.repeat(np.arange(len(shops)), items))
                ),
                "item_id": item_ids.take(pa.array(np.tile(np.arange(items), len(shops)))),
                "month": pa.repeat(pa.scalar(plus_months(CUTOFF, horizon)), count),
                "version": pa.repeat(version, count),
                "cutoff": pa.repeat(pa.scalar(CUTOFF), count),
                "horizon": pa.repeat(pa.scalar(horizon, pa.int32()), count),
                "units": pa.array(units),
                **dict(zip(("p10", "p50", "p90", "p95"), map(pa.array, quantiles), strict=True)),
                "rung": pa.array(RUNGS[draw.choice(len(RUNGS), count, p=(0.7, 0.2, 0.1))]),
                "model": pa.repeat(run_of(version, horizon), count),
                "generated_at": pa.repeat(pa.scalar(datetime(2015, 11, 3, 2, tzinfo=UTC)), count),
            }
            yield pa.table(columns).cast(FORECASTS.schema)


def run_of(version: str, horizon: int) -> str:
    """Return the run that forecasts name: it begins with their version, and has 32 characters."""
    return f"{version}/".ljust(31, "0") + str(horizon)
