"""A given list of pairs: read from a file, aliases resolved, features looked up."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F

from feature_store.panel.assembly import files_by_month
from feature_store.panel.task import MonthParts, PairsTask
from features.feature_set import SPINES, FeatureSet, panel_table
from features.group import ITEM, SHOP
from forecasting.submission import ID
from ingestion.arrivals import MALFORMED
from ingestion.files.rows import read_rows
from ingestion.files.sources import find_file
from lakehouse.delta import rows
from lakehouse.errors import SourceError
from lakehouse.lake import Lake
from lakehouse.profile.profile import Files
from lakehouse.tables.silver import SHOPS
from lakehouse.types import TEXT
from lakehouse.values import clean_id, each

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Each task reads the month's features whole; this many pairs make that worth it.
PAIRS_PER_TASK = 500_000


def listed_pairs(
    spark: "SparkSession", lake: Lake, file: str | None, *, is_submitted: bool
) -> "DataFrame | None":
    """Read a file of pairs; None where no file is given.

    Args:
        spark: reads the file.
        lake: whose shops resolve aliases.
        file: path of the pairs.
        is_submitted: whether a submission is made of the pairs, which needs whole numbers as ID.

    Raises:
        SourceError: as ``read_pairs``, or a submission's pairs have no whole numbers as ID.
    """
    if not file:
        return None
    listed = read_pairs(spark, lake, file)
    if is_submitted:
        require_ids(listed, file)
    return listed


def require_ids(pairs: "DataFrame", file: str) -> None:
    """Check that pairs can be submitted.

    Raises:
        SourceError: they have no ID, or one that is no whole number.
    """
    if ID not in pairs.columns:
        raise SourceError(
            f"{file}: no column {ID}, which a submission needs; it has {', '.join(pairs.columns)}."
        )
    wrong = pairs.where(f"try_cast({ID} AS BIGINT) IS NULL").first()
    if wrong is not None:
        raise SourceError(f"{file}: {ID} '{wrong[ID]}' is no whole number, as a submission's are.")


def read_pairs(spark: "SparkSession", lake: Lake, file: str) -> "DataFrame":
    """Read the pairs to forecast.

    Args:
        spark: the session.
        lake: whose aliases apply.
        file: CSV, packed too, or Parquet, with columns shop_id, item_id, and ID where a submission
            is wanted.

    Returns:
        Those columns, ids as sales have them; shop_id with aliases resolved.

    Raises:
        SourceError: there is no such file, shop_id or item_id is not among its columns, or a line
            has too few or too many columns.
    """
    source = find_file(file, None, Files())
    absent = {SHOP, ITEM} - set(source.columns)
    if absent:
        raise SourceError(
            f"{file}: no column {', '.join(sorted(absent))}; it has {', '.join(source.columns)}."
        )
    wanted = {name: name for name in source.columns if name in (ID, SHOP, ITEM)}
    mapped = replace(source, fields=wanted)
    ddl = ", ".join(f"{name} STRING" for name in wanted)
    found = read_rows(spark, mapped)
    require_whole_lines(found, file)
    aliases = rows.read(spark, lake, SHOPS).where("alias_of IS NOT NULL").select(SHOP, "alias_of")
    joined = found.mapInArrow(partial(as_ids, names=tuple(wanted)), ddl).join(
        F.broadcast(aliases), on=SHOP, how="left"
    )
    return joined.withColumn(SHOP, F.coalesce("alias_of", SHOP)).select(*wanted)


def require_whole_lines(rows_: "DataFrame", file: str) -> None:
    """Check that every line of a list has the columns of its header.

    Raises:
        SourceError: names the first that has not.
    """
    wrong = rows_.where(f"{MALFORMED} IS NOT NULL").orderBy("offset").first()
    if wrong is not None:
        raise SourceError(
            f"{file}: row {wrong['offset']} has too few or too many columns: {wrong[MALFORMED]}"
        )


def as_ids(batches: Iterable[pa.RecordBatch], names: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Read columns as the ids of sales are read; runs in a worker."""
    for batch in batches:
        ids = [
            each(batch.column(name), lambda text: clean_id(text) or text, TEXT) for name in names
        ]
        yield pa.record_batch(ids, list(names))


def pair_rows(
    lake: Lake, features: FeatureSet, month: date, pairs: "DataFrame", horizon: int = 1
) -> "DataFrame":
    """Look up what is known of pairs at the cutoff of a target month.

    Args:
        lake: where the features are.
        features: the model's columns.
        month: target month.
        pairs: ``[shop_id, item_id, …]``.
        horizon: months from the cutoff to the target month.

    Returns:
        The columns of ``panel_table``, a row per distinct pair; the target is null.
    """
    distinct = pairs.select(SHOP, ITEM).distinct()
    files = files_by_month(lake, features, horizon)(month)
    parts = MonthParts(lake, features, month, files, horizon)
    tasks = max(1, -(-distinct.count() // PAIRS_PER_TASK))
    return distinct.repartition(tasks, ITEM).mapInArrow(PairsTask(parts), panel_schema(features))


def panel_schema(features: FeatureSet) -> str:
    """Write the panel's columns as a Spark schema, in the order that ``assemble`` gives."""
    return panel_table(features, SPINES[0]).ddl
