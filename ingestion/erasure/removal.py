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

from ingestion.books import erasures
from ingestion.erasure.judgement import Asked, holding, ids, judge_catalogue, judge_sales
from ingestion.known_at.replay import discard
from ingestion.sales.records import SALE
from ingestion.sales.replacements import read_all
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.delta.upserts import delete_rows, upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.table import Table
from lakehouse.tables.bronze import CATALOGUE_EVENTS, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.inputs import INPUTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, REPLACED_DAYS, SHOPS

# An erasure deletes records late, so that the run after an interruption finds the same sales again,
# and silver.shops last, since perhaps no other table has the aliases of the shops.
RECORDS = (REJECTED_SALES, CATALOGUE_EVENTS, SALES_EVENTS)
INPUTS_OF_SHOPS = tuple(known.table for known in INPUTS.values() if "shop_id" in known.keys)
OF_SHOPS = (DAILY_OFFERS, REPLACED_DAYS, *INPUTS_OF_SHOPS)


@dataclass(frozen=True)
class Found:
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


def find(lake: Lake, shops: Sequence[str], sales: Sequence[str], profile: Profile) -> Found:
    """Find the rows that an erasure deletes or shortens; writes no table.

    Memory holds the keys of rows to delete.

    Args:
        lake: the lake that has the tables.
        shops: ids of shops to erase.
        sales: ids of sales to erase, as in silver.daily_sales.
        profile: the profile that describes the records.
    """
    named = with_aliases(lake, shops, profile)
    asked = Asked(named, ids([*sales, *sales_of(lake, named, profile)]))
    gone = {DAILY_SALES: sold(lake, asked)}
    gone |= {table: of_shops(lake, table, named) for table in OF_SHOPS}
    cuts, unattributed = {}, 0
    for table in RECORDS:
        found = read(lake, table, table.names)
        if table == SALES_EVENTS and not sales:
            # A record of a requested shop's sale has the shop's id or a sale_id in the bytes.
            found = (holding(rows, [*named.to_pylist(), "sale_id"]) for rows in found)
        judged = [
            judge_catalogue(rows, asked)
            if table == CATALOGUE_EVENTS
            else judge_sales(rows, asked, profile)
            for rows in found
        ]
        gone[table] = together(table, table.key, [one.gone for one in judged])
        cuts[table] = together(table, table.names, [one.cut for one in judged])
        if table == REJECTED_SALES:
            unattributed = sum(one.unattributed for one in judged)
    gone[SHOPS] = of_shops(lake, SHOPS, named)
    return Found(named.to_pylist(), gone, cuts, unattributed)


def erase(lake: Lake, found: Found, now: datetime) -> None:
    """Delete and shorten the found rows, and count deleted records by source in bronze.erasures.

    After an interruption, a new search and erasure complete the rest. Replayed lakes have copies
    of the records and are deleted as a whole.

    Args:
        lake: the lake that has the tables.
        found: the result of ``find``.
        now: the time of the erasure.
    """
    discard(lake)
    for table, rows in found.cut.items():
        if len(rows):
            upsert_rows(lake, table, rows)
    for table, keys in found.gone.items():
        if table == SALES_EVENTS and len(keys):
            erasures.note(lake, keys, now)
            delete_rows(lake, table, keys, erasures.transaction(now))
        elif len(keys):
            delete_rows(lake, table, keys)


def with_aliases(lake: Lake, shops: Sequence[str], profile: Profile) -> pa.Array:
    """Return ids of shops and of their aliases, from the profile and silver.shops."""
    others = list(profile.shops.aliases.items())
    for rows in read(lake, SHOPS, ["shop_id", "alias_of"]):
        others += zip(rows["shop_id"].to_pylist(), rows["alias_of"].to_pylist(), strict=True)
    return ids([*shops, *(alias for alias, shop in others if shop in shops)])


def sales_of(lake: Lake, shops: pa.Array, profile: Profile) -> list[str]:
    """List sales with a record that names the shops, except sales now stored for another shop."""
    if not len(shops):
        return []
    named: list[pa.Array] = []
    for events in read(lake, SALES_EVENTS, SALES_EVENTS.names):
        records = read_all(holding(events, shops.to_pylist()), profile)
        is_sold = pc.and_(pc.equal(records["outcome"], SALE), pc.is_in(records["shop_id"], shops))
        named.append(pc.unique(records["sale_id"].filter(is_sold)))
    sales = pa.chunked_array(named, pa.string()).unique()
    for rows in read(lake, DAILY_SALES, ["sale_id", "shop_id"]):
        is_elsewhere = pc.and_(
            pc.is_valid(rows["shop_id"]), pc.invert(pc.is_in(rows["shop_id"], shops))
        )
        moved = rows["sale_id"].filter(is_elsewhere).combine_chunks()
        sales = sales.filter(pc.invert(pc.is_in(sales, moved)))
    found: list[str] = sales.to_pylist()
    return found


def sold(lake: Lake, asked: Asked) -> pa.Table:
    """Return the keys of the requested shops' and sales' rows of silver.daily_sales."""
    found = read(lake, DAILY_SALES, ["sale_id", "shop_id"])
    mine = [rows.filter(asked.names(rows["shop_id"], rows["sale_id"])) for rows in found]
    return together(DAILY_SALES, DAILY_SALES.key, mine)


def of_shops(lake: Lake, table: Table, shops: pa.Array) -> pa.Table:
    """Return the keys of a table's rows that have one of some shops."""
    found = [rows.filter(pc.is_in(rows["shop_id"], shops)) for rows in read(lake, table, table.key)]
    return together(table, table.key, found)


def read(lake: Lake, table: Table, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Read columns of a table batch by batch; a missing table has no batches."""
    if log.exists(lake, table):
        for batch in read_batches(lake, table, columns, []):
            if len(batch):
                yield pa.Table.from_batches([batch])


def together(table: Table, columns: Sequence[str], pieces: Sequence[pa.Table]) -> pa.Table:
    """Concatenate columns of pieces of a table; no pieces give an empty table."""
    empty = pa.schema([table.schema.field(name) for name in columns]).empty_table()
    return pa.concat_tables(
        [empty, *(piece.select(columns).cast(empty.schema) for piece in pieces)]
    )
