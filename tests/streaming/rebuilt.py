"""Two lakes compared: one that a stream kept up to date, one made at once from its bronze."""

from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from chispa import assert_df_equality

from feature_store.build import Build
from features.groups import feature_groups
from features.tables import features_table, monthly_table
from ingestion.catalogue.messages import MESSAGE, merge_messages
from ingestion.sales.intake import merge_few_sales, merge_sales
from lakehouse.delta import creation
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.table import Table
from lakehouse.tables.bronze import CATALOGUE_EVENTS, RECORD_KEY, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, MONTHS, SHOPS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Every column is compared but the time when a record was written here.
LEFT_OUT = frozenset({"ingested_at"})


def compared(lake: Lake) -> list[Table]:
    """Every table that follows from bronze."""
    groups = feature_groups(stored_profile(lake))
    derived = [table(group) for group in groups for table in (monthly_table, features_table)]
    return [DAILY_SALES, DAILY_OFFERS, REJECTED_SALES, SHOPS, ITEMS, *derived]


def no_spark() -> "SparkSession":
    """Few rows need none."""
    raise AssertionError("Spark was asked for")


def rebuild(lake: Lake, folder: Path, spark: "SparkSession | None" = None) -> Lake:
    """Make a lake from the bronze of another, all records at once, the last ones first.

    Records go the way of few through this process, or with a session that of many.
    """
    made = Lake.at(str(folder))
    claim_lake(made, stored_profile(lake))
    for table in (SHOPS, ITEMS, DAILY_SALES, DAILY_OFFERS, REJECTED_SALES):
        creation.create_table(made, table)
    events = each_once(read_table(lake, SALES_EVENTS))
    backwards = events.take(pa.array(range(len(events) - 1, -1, -1)))
    if spark is None:
        merge_few_sales(made, backwards, stored_profile(lake))
    else:
        merge_sales(made, spark.createDataFrame(backwards), stored_profile(lake), is_moving=True)
    messages = each_once(read_table(lake, CATALOGUE_EVENTS)).filter(pc.field("entity") == MESSAGE)
    if len(messages):
        merge_messages(made, messages.drop_columns("entity"), stored_profile(lake))
    append_rows(made, MONTHS, read_table(lake, MONTHS))
    Build.of(made, no_spark).run()
    return made


def each_once(records: pa.Table) -> pa.Table:
    """Leave out the records that came again under their key."""
    ordered = records.sort_by([(name, "ascending") for name in RECORD_KEY])
    keys = [tuple(row.values()) for row in ordered.select(list(RECORD_KEY)).to_pylist()]
    is_new = [i == 0 or key != keys[i - 1] for i, key in enumerate(keys)]
    return ordered.filter(pa.array(is_new, pa.bool_()))


def content(lake: Lake, table: Table, left_out: Set[str] = LEFT_OUT) -> pa.Table:
    """The rows of a table in the order of its key."""
    names = [name for name in table.names if name not in left_out]
    order = [(name, "ascending") for name in table.key if name in names] or [("value", "ascending")]
    return read_table(lake, table, names).sort_by(order).combine_chunks()


def assert_same(one: Lake, other: Lake, left_out: Set[str] = LEFT_OUT) -> None:
    """No cell differs."""
    for table in compared(one):
        found, wanted = content(one, table, left_out), content(other, table, left_out)
        assert found.equals(wanted), f"{table.path}\n{differences(found, wanted)}"


def differences(found: pa.Table, wanted: pa.Table) -> str:
    """The first rows that are in one alone."""
    rows, others = ({str(row) for row in table.to_pylist()} for table in (found, wanted))
    sides = {"too many": rows - others, "missing": others - rows}
    return "\n".join(f"{name}: {row}" for name, some in sides.items() for row in sorted(some)[:3])


def assert_same_by_chispa(spark: "SparkSession", one: Lake, other: Lake) -> None:
    """No cell differs for chispa either, which reads the tables through Spark."""
    for table in compared(one):
        names = [n for n in table.names if n not in LEFT_OUT and n != "attributes"]
        frames = [
            spark.createDataFrame(content(lake, table).select(names)) for lake in (one, other)
        ]
        assert_df_equality(*frames, ignore_nullable=True)
