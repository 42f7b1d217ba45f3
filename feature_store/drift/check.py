"""Drift check: rows of a month and of the same month a year before, counted in one Spark pass."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from feature_store.drift.bins import Counts, coarse, count_bins
from feature_store.drift.stability import stability_index, threshold
from feature_store.panel.rows import PanelRows
from features.feature_set import TARGET
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_batches
from lakehouse.forecast_versions import read_forecast_versions
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.tables.gold import DRIFT, FORECAST_VERSIONS, FORECASTS

FEATURE, SALES, FORECAST = "feature", "target", "forecast"
UNITS = "units"
YEAR = 12
COUNTED = "month date, column string, bin int, rows long"


@dataclass(frozen=True)
class Compared:
    """A column that is compared between two months.

    Attributes:
        kind: ``feature``, ``target`` or ``forecast``.
        column: name of the column.
        month: month whose rows are judged.
    """

    kind: str
    column: str
    month: date

    @property
    def reference(self) -> date:
        """The same month a year before."""
        return plus_months(self.month, -YEAR)


Tally = Mapping[tuple[date, str], Counts]


@dataclass(frozen=True)
class DriftCheck:
    """Compares a panel with the panel a year before.

    Attributes:
        panel: the panel; ``months`` are those that the lake has.
        month: month to forecast.
        now: time of the check.
    """

    panel: PanelRows
    month: date
    now: datetime

    def compared(self) -> list[Compared]:
        """List the columns to compare: features of the month to forecast, target of the last."""
        found = [Compared(FEATURE, name, self.month) for name in self.panel.features.names]
        found.append(Compared(SALES, TARGET, plus_months(self.month, -1)))
        has = set(self.panel.months)
        return [each for each in found if {each.month, each.reference} <= has]

    def run(self, spark: SparkSession) -> list[dict[str, Any]]:
        """Count the rows and judge each column; returns rows of gold.drift."""
        compared = self.compared()
        tally = count_rows(spark, self.panel, compared) if compared else {}
        published = Compared(FORECAST, UNITS, self.month)
        forecasts = count_forecasts(self.panel.lake, published)
        if forecasts is not None:
            compared.append(published)
            tally = {**tally, **forecasts}
        return [self.judge(each, tally, len(compared)) for each in compared]

    def judge(self, each: Compared, tally: Tally, columns: int) -> dict[str, Any]:
        """Return the row of gold.drift of a column."""
        reference, present = (tally.get((m, each.column), {}) for m in (each.reference, each.month))
        before, now = coarse(reference, present)
        index, limit = stability_index(before, now), threshold(before, now, columns)
        return {
            "checked_at": self.now,
            "kind": each.kind,
            "column": each.column,
            "month": each.month,
            "reference": each.reference,
            "rows": sum(now),
            "reference_rows": sum(before),
            "psi": index,
            "threshold": limit,
            "is_drifted": bool(index > limit and sum(now) and sum(before)),
        }


def count_rows(spark: SparkSession, panel: PanelRows, compared: Sequence[Compared]) -> Tally:
    """Count the rows of each month, column and bin in one pass; the driver gets counts alone."""
    columns = sorted({each.column for each in compared})
    months = sorted({month for each in compared for month in (each.month, each.reference)})
    frame = panel.of(months).frame(spark).select("month", *columns)

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield counts_of(batch, columns)

    counted = frame.mapInArrow(count, COUNTED).groupBy("month", "column", "bin")
    tally: dict[tuple[date, str], dict[int, int]] = defaultdict(dict)
    for row in counted.agg(F.sum("rows").alias("rows")).toLocalIterator():
        tally[row["month"], row["column"]][row["bin"]] = row["rows"]
    return tally


def counts_of(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """Count the rows of a batch by month, column and bin."""
    found: dict[str, list[object]] = {name: [] for name in ("month", "column", "bin", "rows")}
    months = batch["month"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
    for month in np.unique(months):
        of_month = batch.filter(pa.array(months == month))
        for column in columns:
            counts = count_bins(of_month[column])
            found["month"] += [month.item()] * len(counts)
            found["column"] += [column] * len(counts)
            found["bin"] += counts
            found["rows"] += counts.values()
    schema = pa.schema(
        [("month", pa.date32()), ("column", pa.string()), ("bin", pa.int32()), ("rows", pa.int64())]
    )
    return pa.RecordBatch.from_pydict(found, schema=schema)


def count_forecasts(lake: Lake, published: Compared) -> Tally | None:
    """Count the forecasts of a month and of the month a year before, of the newest versions.

    Returns:
        The counts; None: no version was published of one of the months.
    """
    tally: dict[tuple[date, str], Counts] = {}
    for target in (published.month, published.reference):
        version = forecast_of(lake, target)
        if version is None:
            return None
        where = [("version", "=", version), ("month", "=", target)]
        counts: Counter[int] = Counter()
        for batch in read_batches(lake, FORECASTS, (UNITS,), where):
            counts.update(count_bins(batch[UNITS]))
        tally[target, UNITS] = counts
    return tally


def forecast_of(lake: Lake, month: date) -> str | None:
    """Return the newest published version with the cutoff before a month; None: there is none."""
    if not log.exists(lake, FORECAST_VERSIONS):
        return None
    cutoff = plus_months(month, -1)
    published = (v for v in read_forecast_versions(lake) if v.is_published)
    return next((v.version for v in published if v.cutoff == cutoff), None)


def store(lake: Lake, rows: Sequence[Mapping[str, object]]) -> None:
    """Append the results of a check to gold.drift."""
    append_rows(lake, DRIFT, pa.Table.from_pylist([dict(row) for row in rows], DRIFT.schema))
