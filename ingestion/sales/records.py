"""Sales records: JSON bytes to typed columns, and the checks that each record breaks."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.json_records import read_records
from ingestion.sales.checks import MALFORMED, RecordCheck, not_a_sale, record_checks
from ingestion.sales.identity import computed_ids
from lakehouse.profile.date_format import date_reader
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import FILE_SOURCE, RECEIVED, REJECTED_SALES
from lakehouse.tables.silver import DAILY_SALES
from lakehouse.types import DATE, FLAG, NAMES, PRICE, TEXT, TIMESTAMP, UNITS
from lakehouse.values import (
    CLOCKS_APART,
    clean_id,
    clean_text,
    decimal_reader,
    each,
    is_plausible_id,
    timestamp,
)

# The contract of a record, in a file's row and in Kafka alike: texts or numbers.
IDS = ("sale_id", "shop_id", "item_id")
FIELDS = ("sale_id", "date", "shop_id", "item_id", "price", "units", "updated_at", "op")
REJECTED, NOT_A_SALE, SALE = "rejected", "not_a_sale", "sale"
TYPES = {column.name: column.type for column in (*RECEIVED, *DAILY_SALES.columns)}
PARSED = pa.schema([*TYPES.items(), ("reasons", NAMES), ("outcome", TEXT), ("is_named", FLAG)])


def parse(events: pa.Table, profile: Profile) -> pa.Table:
    """Parse sales records as received, from a file or from Kafka.

    Args:
        events: the columns of bronze.sales_events; key: source, partition, offset.
        profile: the meaning of the values.

    Returns:
        ``PARSED``, a row per event in its order. ``reasons`` are the names of the checks that it
        breaks, null when it is fine. ``outcome`` is rejected, not_a_sale (on offer, zero units)
        or sale (a version of a sale, a cancel included). ``value`` is null unless rejected,
        ``sale_id`` null unless a sale, and ``is_named`` says that a sale's record gave its id.
    """
    fields = typed(events, profile)
    checks = record_checks(profile)
    is_fine = evaluated(fields, every(checks))
    is_offer = pc.and_(is_fine, evaluated(fields, not_a_sale(profile)))
    is_sale = pc.and_not(is_fine, is_offer)
    outcome = pc.if_else(is_fine, pc.if_else(is_offer, NOT_A_SALE, SALE), REJECTED)
    judged = {
        "value": pc.if_else(is_fine, pa.scalar(None, pa.binary()), column(events, "value")),
        "sale_id": sale_ids(fields, is_sale, profile),
        "reasons": reasons(fields, is_fine, checks),
        "outcome": outcome,
        "is_named": pc.and_(is_sale, pc.is_valid(column(fields, "sale_id_text"))),
    }
    columns = {**columns_of(events), **columns_of(fields), **judged}
    return pa.table([columns[field.name] for field in PARSED], schema=PARSED)


def columns_of(rows: pa.Table) -> dict[str, pa.Array]:
    """Return the columns of a table by name."""
    return {name: column(rows, name) for name in rows.column_names}


def column(rows: pa.Table, name: str) -> pa.Array:
    """Return a column as one array."""
    return rows[name].combine_chunks()


def typed(events: pa.Table, profile: Profile) -> pa.Table:
    """Read the fields of records, as texts and as values.

    Args:
        events: the columns of bronze.sales_events.
        profile: the format of dates, and of numbers in files.

    Returns:
        ``is_malformed``, ``is_cancelled``, ``op``, ``shop_id``, ``item_id``, ``month``, each
        field's clean ``…_text``, null where empty, and ``date``, ``units``, ``price`` as values,
        null where the text is none; for each id whether it ``can_be_…``; and of ``versions``.
    """
    records, is_malformed = read_records(column(events, "value"), FIELDS)
    texts = {
        name: each(column(records, name), clean_id if name in IDS else clean_text, TEXT)
        for name in records.column_names
    }
    is_of_file = pc.match_substring_regex(column(events, "source"), FILE_SOURCE)
    date = each(texts["date"], date_reader(profile.sales.date_format), DATE)
    op = pc.fill_null(pc.utf8_lower(texts["op"]), "upsert")
    values = {
        "is_malformed": is_malformed,
        "is_cancelled": pc.equal(op, "cancel"),
        "op": op,
        "shop_id": texts["shop_id"],
        "item_id": texts["item_id"],
        "date": date,
        "month": pc.floor_temporal(date, unit="month"),
        "units": numbers(texts["units"], UNITS, is_of_file, profile),
        "price": numbers(texts["price"], PRICE, is_of_file, profile),
        **{f"can_be_{name}": each(texts[name], is_plausible_id, FLAG) for name in IDS},
        **versions(events, texts["updated_at"], date, is_of_file),
    }
    return pa.table({**{f"{name}_text": text for name, text in texts.items()}, **values})


def numbers(
    texts: pa.Array, number: pa.DataType, is_of_file: pa.Array, profile: Profile
) -> pa.Array:
    """Read numbers: of files as the profile's marks say, of messages as their contract does."""
    of_files = each(
        pc.if_else(is_of_file, texts, None), decimal_reader(number, profile.files), number
    )
    others = each(pc.if_else(is_of_file, None, texts), decimal_reader(number), number)
    return pc.coalesce(of_files, others)


def versions(
    events: pa.Table, stated: pa.Array, date: pa.Array, is_of_file: pa.Array
) -> dict[str, pa.Array]:
    """Find the time of each version, and the bounds of times that can be.

    A version that states no time is of its reception. A producer's clock may be wrong: a message
    whose timestamp lies before its sale, or after its ingestion, counts as received when it was
    ingested. What decides is in bronze, so that records read again come out the same.

    Args:
        events: the columns of bronze.sales_events.
        stated: texts of updated_at.
        date: business dates.
        is_of_file: the reception is as whoever ingested the file stated it.

    Returns:
        ``updated_at``, null where the text is none; ``last_time`` and ``last_day`` that the record
        can speak of; ``version_day``: the last sale's day that updated_at can be a version of.
    """
    received, ingested = column(events, "received_at"), column(events, "ingested_at")
    known_by = pc.if_else(is_of_file, received, ingested)
    last_time = pc.add(known_by, pa.scalar(CLOCKS_APART))
    is_early = pc.fill_null(pc.less(day_after(received), date), False)
    is_wrong = pc.and_not(pc.or_(is_early, pc.greater(received, last_time)), is_of_file)
    reception = pc.if_else(is_wrong, ingested, received)
    read = each(stated, timestamp, TIMESTAMP)
    updated_at = pc.if_else(pc.is_valid(stated), read, reception)
    return {
        "updated_at": updated_at,
        "last_time": last_time,
        "last_day": day_after(known_by),
        "version_day": day_after(updated_at),
    }


def day_after(times: pa.Array) -> pa.Array:
    """Return the last day that it can be somewhere at a time, by the clocks of others."""
    return pc.add(times, pa.scalar(CLOCKS_APART)).cast(DATE)


def every(checks: tuple[RecordCheck, ...]) -> pc.Expression:
    """Return the condition that a record breaks no check."""
    holds = MALFORMED.holds
    for check in checks:
        holds = holds & check.holds
    return holds


def evaluated(fields: pa.Table, condition: pc.Expression) -> pa.Array:
    """Evaluate a condition on rows; null counts as false."""
    from pyarrow.acero import Declaration, ProjectNodeOptions, TableSourceNodeOptions

    source = Declaration("table_source", TableSourceNodeOptions(fields))
    project = Declaration("project", ProjectNodeOptions([condition], ["holds"]), inputs=[source])
    return pc.fill_null(column(project.to_table(use_threads=False), "holds"), False)


def sale_ids(fields: pa.Table, is_sale: pa.Array, profile: Profile) -> pa.Array:
    """Return the identity of the rows that are versions of a sale; null for the others."""
    given = pc.if_else(is_sale, column(fields, "sale_id_text"), None)
    is_asked = pc.and_(is_sale, pc.is_null(given))
    computed = computed_ids(fields.filter(is_asked), profile.sales)
    return pc.replace_with_mask(given, is_asked, computed)


def reasons(fields: pa.Table, is_fine: pa.Array, checks: tuple[RecordCheck, ...]) -> pa.Array:
    """Name the checks that each record breaks; null where it is fine.

    Records break few different sets of checks; each set is written once.
    """
    broken = fields.filter(pc.invert(is_fine))
    sets = np.zeros(len(broken), np.int64)
    for bit, check in enumerate((MALFORMED, *checks)):
        holds = evaluated(broken, check.holds).to_numpy(zero_copy_only=False)
        sets |= (~holds).astype(np.int64) << bit
    # Nothing else is known of a record that could not be read.
    sets[sets & 1 == 1] = 1
    distinct, places = np.unique(sets, return_inverse=True)
    names = [
        [check.name for bit, check in enumerate((MALFORMED, *checks)) if some >> bit & 1]
        for some in distinct.tolist()
    ]
    fine = is_fine.to_numpy(zero_copy_only=False)
    place = np.zeros(len(fields), np.int64)
    place[~fine] = places
    return pa.array(names, NAMES).take(pa.array(place, mask=fine))


def rejected(parsed: pa.Table) -> pa.Table:
    """Return the rejected records, as rows of bronze.rejected_sales."""
    return parsed.filter(pc.field("outcome") == REJECTED).select(list(REJECTED_SALES.names))
