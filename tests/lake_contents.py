"""Everything that a lake's tables say, but when and in which run."""

from typing import Any

import pyarrow.compute as pc

from feature_store.panel.all_tables import all_tables
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.gold import FORECAST_VERSIONS, FORECASTS, MODEL_FILES
from lakehouse.types import TIMESTAMP

# What names a run, a version or a time, and so differs from one run to the next.
VOLATILE = {
    "run",
    "model",
    "version",
    "inputs",
    "candidate",
    "champion_after",
    "cells",
    "uri",
    "stamp",
}


def content(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table that there is, without what names a run or says when it was."""
    found = {}
    for table in all_tables(stored_profile(lake)):
        if log.exists(lake, table):
            stored = read_table(lake, table)
            if table == FORECASTS:
                served = read_table(lake, FORECAST_VERSIONS, ["version"])["version"]
                stored = stored.filter(pc.is_in(stored["version"], served.combine_chunks()))
            names = [c.name for c in table.columns if c.type != TIMESTAMP]
            kept = stored.select([name for name in names if name not in VOLATILE])
            listed = [tuple(row.values()) for row in kept.to_pylist()]
            # A run that was cut off has its files, too.
            found[table.path] = sorted(set(listed) if table == MODEL_FILES else listed, key=str)
    return found
