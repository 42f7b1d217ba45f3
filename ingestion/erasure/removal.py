"""Removal: records of shops and of sales found in bronze and silver, and taken out of them.

A record goes when it names a shop that is asked for. A sale goes with all its records when it is
asked for, or when a record of it named the shop, unless its newest version is of another shop.
What is left is as if the records that went had never come.
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
from lakehouse.delta.arrow import delete_rows, read_batches, upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.table import Table
from lakehouse.tables.bronze import CATALOGUE_EVENTS, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.inputs import INPUTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, REPLACED_DAYS, SHOPS

# The records go late: a run that was cut off finds the same sales again. The shops go last of all:
# their rows alone may know which aliases they have.
RECORDS = (REJECTED_SALES, CATALOGUE_EVENTS, SALES_EVENTS)
INPUTS_OF_SHOPS = tuple(known.table for known in INPUTS.values() if "shop_id" in known.keys)
OF_SHOPS = (DAILY_OFFERS, REPLACED_DAYS, *INPUTS_OF_SHOPS)


@dataclass(frozen=True)
class Found:
    """What an erasure takes away.

    Attributes:
        shops: ids of the shops, their aliases among them.
        gone: table → keys of the rows that go, in the order of their removal.
        cut: table → records that stay without a part of them.
        unattributed: rejected records that name neither a shop nor a sale, and stay.
    """

    shops: list[str]
    gone: dict[Table, pa.Table] = field(default_factory=dict)
    cut: dict[Table, pa.Table] = field(default_factory=dict)
    unattributed: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Count the rows that go or are cut, by table; those of which there are any."""
        sizes = {t.path: len(rows) + len(self.cut.get(t, ())) for t, rows in self.gone.items()}
        return {path: size for path, size in sizes.items() if size}


def find(lake: Lake, shops: Sequence[str], sales: Sequence[str], profile: Profile) -> Found:
    """Find what an erasure takes away; nothing is written.

    Memory holds the keys of what goes.

    Args:
        lake: where the tables are.
        shops: ids of shops.
        sales: ids of sales, as in silver.daily_sales.
        profile: the meaning of the records.
    """
    named = with_aliases(lake, shops, profile)
    asked = Asked(named, ids([*sales, *sales_of(lake, named, profile)]))
    gone = {DAILY_SALES: sold(lake, asked)}
    gone |= {table: of_shops(lake, table, named) for table in OF_SHOPS}
    cuts, unattributed = {}, 0
    for table in RECORDS:
        found = read(lake, table, table.names)
        if table == SALES_EVENTS and not sales:
            # A record of a sale that was in the shops says so, or names the sale.
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
    """Take away what was found, and note how many records of each source went.

    Run again after it was cut off, it completes what is left. Lakes that were replayed hold copies
    of the records, and go as a whole.

    Args:
        lake: where the tables are.
        found: by ``find``.
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
    """Return the ids of shops and those that are other names of them."""
    others = list(profile.shops.aliases.items())
    for rows in read(lake, SHOPS, ["shop_id", "alias_of"]):
        others += zip(rows["shop_id"].to_pylist(), rows["alias_of"].to_pylist(), strict=True)
    return ids([*shops, *(alias for alias, shop in others if shop in shops)])


def sales_of(lake: Lake, shops: pa.Array, profile: Profile) -> list[str]:
    """List the sales of which a record named the shops, but those that are another shop's now."""
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
    """Return the keys of the sales that go from silver.daily_sales."""
    found = read(lake, DAILY_SALES, ["sale_id", "shop_id"])
    mine = [rows.filter(asked.names(rows["shop_id"], rows["sale_id"])) for rows in found]
    return together(DAILY_SALES, DAILY_SALES.key, mine)


def of_shops(lake: Lake, table: Table, shops: pa.Array) -> pa.Table:
    """Return the keys of a table's rows of some shops."""
    found = [rows.filter(pc.is_in(rows["shop_id"], shops)) for rows in read(lake, table, table.key)]
    return together(table, table.key, found)


def read(lake: Lake, table: Table, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Read a table piece by piece; one that does not exist has no pieces."""
    if log.exists(lake, table):
        for batch in read_batches(lake, table, columns, []):
            if len(batch):
                yield pa.Table.from_batches([batch])


def together(table: Table, columns: Sequence[str], pieces: Sequence[pa.Table]) -> pa.Table:
    """Put columns of pieces of a table together."""
    empty = pa.schema([table.schema.field(name) for name in columns]).empty_table()
    return pa.concat_tables(
        [empty, *(piece.select(columns).cast(empty.schema) for piece in pieces)]
    )
