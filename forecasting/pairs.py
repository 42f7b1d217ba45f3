"""List of pairs to forecast: read from a file, aliases resolved, features looked up."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F

from feature_store.panel.assembly import files_by_month
from feature_store.panel.month_inputs import PanelInputs
from feature_store.panel.task import PairsTask
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

# Every task reads all features of the month; with this many pairs per task the cost is worth it.
PAIRS_PER_TASK = 500_000


def listed_pairs(
    spark: "SparkSession", lake: Lake, file: str, *, is_submitted: bool
) -> "DataFrame":
    """Read a file of pairs, and check the IDs if the pairs are for a submission.

    Args:
        spark: the session.
        lake: the lake whose shops resolve aliases.
        file: path of the pairs.
        is_submitted: whether the job writes a submission of the pairs, which needs whole numbers
            as ID.

    Returns:
        The pairs as ``read_pairs`` returns.

    Raises:
        SourceError: the file is missing or malformed, or a submission's ID is missing or no whole
            number; correct the file.
    """
    listed = read_pairs(spark, lake, file)
    if is_submitted:
        require_ids(listed, file)
    return listed


def require_ids(pairs: "DataFrame", file: str) -> None:
    """Check that every pair has a whole number as ID, as a submission needs.

    Raises:
        SourceError: the pairs have no column ID, or an ID is null or no whole number.
    """
    if ID not in pairs.columns:
        raise SourceError(
            f"{file}: no column {ID}, which a submission needs; it has {', '.join(pairs.columns)}."
        )
    wrong = pairs.where(f"try_cast({ID} AS BIGINT) IS NULL").first()
    if wrong is not None:
        raise SourceError(
            f"{file}: {ID} '{wrong[ID]}' is not a whole number, as a submission needs."
        )


def read_pairs(spark: "SparkSession", lake: Lake, file: str) -> "DataFrame":
    """Read the pairs to forecast from a file.

    Args:
        spark: the session.
        lake: the lake whose shops resolve aliases.
        file: path of a CSV file, plain or compressed, or a Parquet file, with the columns shop_id
            and item_id, and ID for a submission.

    Returns:
        ``[shop_id, item_id]``, and ``ID`` if the file has an ID, all STRING: ids written as in
        sales, shop aliases resolved.

    Raises:
        SourceError: the file is missing, has no column shop_id or item_id, or has a row with too
            few or too many columns.
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
    lines = read_rows(spark, mapped)
    require_whole_lines(lines, file)
    aliases = rows.read(spark, lake, SHOPS).where("alias_of IS NOT NULL").select(SHOP, "alias_of")
    joined = lines.mapInArrow(partial(as_ids, names=tuple(wanted)), ddl).join(
        F.broadcast(aliases), on=SHOP, how="left"
    )
    return joined.withColumn(SHOP, F.coalesce("alias_of", SHOP)).select(*wanted)


def require_whole_lines(rows_: "DataFrame", file: str) -> None:
    """Check that every row of a list has as many columns as the header.

    Raises:
        SourceError: a row has too few or too many columns; the error names the first such row.
    """
    wrong = rows_.where(f"{MALFORMED} IS NOT NULL").orderBy("offset").first()
    if wrong is not None:
        raise SourceError(
            f"{file}: row {wrong['offset']} has too few or too many columns: {wrong[MALFORMED]}"
        )


def as_ids(batches: Iterable[pa.RecordBatch], names: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Clean columns of ids in a worker as ingestion cleans the ids of sales.

    An id that cannot be cleaned stays as in the file.
    """
    for batch in batches:
        ids = [
            each(batch.column(name), lambda text: clean_id(text) or text, TEXT) for name in names
        ]
        yield pa.record_batch(ids, list(names))


def pair_rows(
    lake: Lake, features: FeatureSet, month: date, pairs: "DataFrame", horizon: int = 1
) -> "DataFrame":
    """Look up the features of pairs, as known at the cutoff of a target month.

    Args:
        lake: the lake that has the features.
        features: the features to look up.
        month: target month.
        pairs: ``[shop_id, item_id, …]``.
        horizon: months from the cutoff to the target month.

    Returns:
        The columns of ``panel_table``, one row per distinct pair; the target is null.
    """
    distinct = pairs.select(SHOP, ITEM).distinct()
    files = files_by_month(lake, features, horizon)(month)
    parts = PanelInputs(lake, features, month, files, horizon)
    tasks = max(1, -(-distinct.count() // PAIRS_PER_TASK))
    return distinct.repartition(tasks, ITEM).mapInArrow(PairsTask(parts), panel_schema(features))


def panel_schema(features: FeatureSet) -> str:
    """Write the panel's columns as a Spark schema, in the column order of ``assemble``."""
    return panel_table(features, SPINES[0]).ddl
