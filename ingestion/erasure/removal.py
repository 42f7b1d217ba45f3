"""Erasure of shops and sales: search for their rows in bronze and silver, and deletion.

A record is deleted if the record names a requested shop. A sale is deleted with all records if
the sale is requested, or if a record of the sale named a requested shop and the newest version is
not of another shop. The lake is then as if the deleted records had never been received.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.aliases import read_aliases
from ingestion.erasure.selection import (
    ErasureRequest,
    Selection,
    distinct_ids,
    may_contain,
    select_catalogue,
    select_sales,
)
from ingestion.known_at.replay import discard_known_lakes
from ingestion.reconciliation import erasures
from ingestion.sales.records import SALE
from ingestion.sales.replacements import read_all
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.delta.deletes import delete_rows
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.table import Table
from lakehouse.tables.bronze import CATALOGUE_EVENTS, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.inputs import INPUTS
from lakehouse.tables.overrides import OVERRIDE_SCORES, OVERRIDES
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, REPLACED_DAYS, SHOPS

# An erasure deletes records late, so that the run after an interruption finds the same sales again,
# and silver.shops last, since perhaps no other table has the aliases of the shops.
RECORDS = (REJECTED_SALES, CATALOGUE_EVENTS, SALES_EVENTS)
INPUTS_OF_SHOPS = tuple(each.table for each in INPUTS.values() if "shop_id" in each.keys)
OF_SHOPS = (DAILY_OFFERS, REPLACED_DAYS, OVERRIDES, OVERRIDE_SCORES, *INPUTS_OF_SHOPS)


@dataclass(frozen=True)
class ErasurePlan:
    """The rows that an erasure deletes or shortens.

    Attributes:
        shops: ids of the requested shops, with aliases.
        gone: table → keys of the rows to delete, in the order of deletion.
        cut: table → shortened records to write.
        unattributed: number of rejected records that stay because they name neither a shop nor a
            sale.
    """

    shops: list[str]
    gone: dict[Table, pa.Table] = field(default_factory=dict)
    cut: dict[Table, pa.Table] = field(default_factory=dict)
    unattributed: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows to delete or shorten, by table path; tables without any are left out."""
        sizes = {t.path: len(rows) + len(self.cut.get(t, ())) for t, rows in self.gone.items()}
        return {path: size for path, size in sizes.items() if size}


def find_records(
    lake: Lake, shops: Sequence[str], sales: Sequence[str], profile: Profile
) -> ErasurePlan:
    """Find the rows that an erasure deletes or shortens; writes no table.

    Memory holds the keys of rows to delete.

    Args:
        lake: the lake that has the tables.
        shops: ids of shops to erase.
        sales: ids of sales to erase, as in silver.daily_sales.
        profile: the profile that describes the records.
    """
    requested_shops = add_aliases(lake, shops, profile)
    shop_sales = find_sales_of(lake, requested_shops, profile)
    request = ErasureRequest(requested_shops, distinct_ids([*sales, *shop_sales]))
    gone = {DAILY_SALES: find_daily_sales(lake, request)}
    gone |= {table: find_rows_of_shops(lake, table, requested_shops) for table in OF_SHOPS}
    cut, unattributed = {}, 0
    for table in RECORDS:
        texts = None if sales else [*requested_shops.to_pylist(), "sale_id"]
        selections = list(select_records(lake, table, request, profile, texts))
        gone[table] = concatenate(table, table.key, [each.gone for each in selections])
        cut[table] = concatenate(table, table.names, [each.cut for each in selections])
        if table == REJECTED_SALES:
            unattributed = sum(each.unattributed for each in selections)
    gone[SHOPS] = find_rows_of_shops(lake, SHOPS, requested_shops)
    return ErasurePlan(requested_shops.to_pylist(), gone, cut, unattributed)


def select_records(
    lake: Lake,
    table: Table,
    request: ErasureRequest,
    profile: Profile,
    texts: Sequence[str] | None,
) -> Iterator[Selection]:
    """Select the records of a bronze table to delete or shorten, batch by batch.

    Args:
        lake: the lake that has the table.
        table: one of ``RECORDS``.
        request: the shops and sales to erase.
        profile: the profile that describes the records.
        texts: texts of which each affected record of bronze.sales_events has one in its bytes;
            None: parse all records.
    """
    for rows in read_rows(lake, table, table.names):
        if table == CATALOGUE_EVENTS:
            yield select_catalogue(rows, request)
        elif table == SALES_EVENTS and texts is not None:
            # A record of a requested shop's sale has the shop's id or a sale_id in the bytes.
            yield select_sales(may_contain(rows, texts), request, profile)
        else:
            yield select_sales(rows, request, profile)


def erase(lake: Lake, plan: ErasurePlan, now: datetime) -> None:
    """Delete and shorten the rows of a plan; count deleted records by source in bronze.erasures.

    After an interruption, a new search and erasure complete the rest. Replayed lakes have copies
    of the records and are deleted as a whole.

    Args:
        lake: the lake that has the tables.
        plan: the result of ``find_records``.
        now: the time of the erasure.
    """
    discard_known_lakes(lake)
    for table, rows in plan.cut.items():
        if len(rows):
            upsert_rows(lake, table, rows)
    for table, keys in plan.gone.items():
        if table == SALES_EVENTS and len(keys):
            erasures.append_counts(lake, keys, now)
            delete_rows(lake, table, keys, erasures.transaction(now))
        elif len(keys):
            delete_rows(lake, table, keys)


def add_aliases(lake: Lake, shops: Sequence[str], profile: Profile) -> pa.Array:
    """Return ids of shops and of their aliases, from the profile and silver.shops."""
    aliases = [*profile.shops.aliases.items(), *read_aliases(lake).items()]
    return distinct_ids([*shops, *(alias for alias, shop in aliases if shop in shops)])


def find_sales_of(lake: Lake, shops: pa.Array, profile: Profile) -> list[str]:
    """List sales with a record that names the shops, except sales now stored for another shop."""
    if not len(shops):
        return []
    sales_by_batch: list[pa.Array] = []
    for events in read_rows(lake, SALES_EVENTS, SALES_EVENTS.names):
        records = read_all(may_contain(events, shops.to_pylist()), profile)
        is_sold = pc.and_(pc.equal(records["outcome"], SALE), pc.is_in(records["shop_id"], shops))
        sales_by_batch.append(pc.unique(records["sale_id"].filter(is_sold)))
    sales = pa.chunked_array(sales_by_batch, pa.string()).unique()
    for rows in read_rows(lake, DAILY_SALES, ["sale_id", "shop_id"]):
        is_elsewhere = pc.and_(
            pc.is_valid(rows["shop_id"]), pc.invert(pc.is_in(rows["shop_id"], shops))
        )
        moved = rows["sale_id"].filter(is_elsewhere).combine_chunks()
        sales = sales.filter(pc.invert(pc.is_in(sales, moved)))
    ids: list[str] = sales.to_pylist()
    return ids


def find_daily_sales(lake: Lake, request: ErasureRequest) -> pa.Table:
    """Return the keys of the requested shops' and sales' rows of silver.daily_sales."""
    stored = read_rows(lake, DAILY_SALES, ["sale_id", "shop_id"])
    requested = [rows.filter(request.names(rows["shop_id"], rows["sale_id"])) for rows in stored]
    return concatenate(DAILY_SALES, DAILY_SALES.key, requested)


def find_rows_of_shops(lake: Lake, table: Table, shops: pa.Array) -> pa.Table:
    """Return the keys of a table's rows that have one of some shops."""
    stored = read_rows(lake, table, table.key)
    of_shops = [rows.filter(pc.is_in(rows["shop_id"], shops)) for rows in stored]
    return concatenate(table, table.key, of_shops)


def read_rows(lake: Lake, table: Table, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Read columns of a table batch by batch; a missing table has no batches."""
    if log.exists(lake, table):
        for batch in read_batches(lake, table, columns, []):
            if len(batch):
                yield pa.Table.from_batches([batch])


def concatenate(table: Table, columns: Sequence[str], pieces: Sequence[pa.Table]) -> pa.Table:
    """Concatenate columns of pieces of a table; no pieces give an empty table."""
    empty = pa.schema([table.schema.field(name) for name in columns]).empty_table()
    return pa.concat_tables(
        [empty, *(piece.select(columns).cast(empty.schema) for piece in pieces)]
    )
