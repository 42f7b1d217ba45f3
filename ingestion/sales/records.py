"""The parser of sales records: JSON bytes to typed columns, and the checks a record breaks."""

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

# The contract of a record, for a file's row and for a Kafka message: fields are texts or numbers.
IDS = ("sale_id", "shop_id", "item_id")
FIELDS = ("sale_id", "date", "shop_id", "item_id", "price", "units", "updated_at", "op")
REJECTED, NOT_A_SALE, SALE = "rejected", "not_a_sale", "sale"
TYPES = {column.name: column.type for column in (*RECEIVED, *DAILY_SALES.columns)}
PARSED = pa.schema([*TYPES.items(), ("reasons", NAMES), ("outcome", TEXT), ("is_named", FLAG)])


def parse(events: pa.Table, profile: Profile) -> pa.Table:
    """Parse rows of bronze.sales_events, from a file or from Kafka, into typed records.

    Args:
        events: the columns of bronze.sales_events; key: source, partition, offset.
        profile: the profile that defines formats and checks.

    Returns:
        ``PARSED``, a row per event, in the order of the events. ``reasons`` are the names of the
        checks that a record breaks, null for a record that breaks none. ``outcome`` is rejected,
        not_a_sale (on offer, zero units) or sale (a version of a sale, a cancel included).
        ``value`` is null unless rejected, ``sale_id`` null unless a sale. ``is_named`` is true
        where a sale's record states a ``sale_id``.
    """
    fields = typed(events, profile)
    checks = record_checks(profile)
    is_fine = evaluated(fields, every(checks))
    is_offer = pc.and_(is_fine, evaluated(fields, not_a_sale(profile)))
    is_sale = pc.and_not(is_fine, is_offer)
    outcome = pc.if_else(is_fine, pc.if_else(is_offer, NOT_A_SALE, SALE), REJECTED)
    results = {
        "value": pc.if_else(is_fine, pa.scalar(None, pa.binary()), column(events, "value")),
        "sale_id": sale_ids(fields, is_sale, profile),
        "reasons": reasons(fields, is_fine, checks),
        "outcome": outcome,
        "is_named": pc.and_(is_sale, pc.is_valid(column(fields, "sale_id_text"))),
    }
    columns = {**columns_of(events), **columns_of(fields), **results}
    return pa.table([columns[field.name] for field in PARSED], schema=PARSED)


def columns_of(rows: pa.Table) -> dict[str, pa.Array]:
    """Map the name of each column of a table to the column's array."""
    return {name: column(rows, name) for name in rows.column_names}


def column(rows: pa.Table, name: str) -> pa.Array:
    """Return a table's column as one contiguous array."""
    return rows[name].combine_chunks()


def typed(events: pa.Table, profile: Profile) -> pa.Table:
    """Read the fields of records, as cleaned texts and as typed values.

    Args:
        events: the columns of bronze.sales_events.
        profile: the profile that states the formats of dates, and of numbers in files.

    Returns:
        ``is_malformed``, ``is_cancelled``, ``op``, ``shop_id``, ``item_id``, ``month``; each
        field's clean text as ``…_text``, null where empty; ``date``, ``units`` and ``price`` as
        values, null where the text cannot be read; ``can_be_…``, whether an id is plausible; and
        the columns of ``versions``.
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
    """Parse numbers: from files with the profile's number marks, from messages as plain JSON."""
    of_files = each(
        pc.if_else(is_of_file, texts, None), decimal_reader(number, profile.files), number
    )
    others = each(pc.if_else(is_of_file, None, texts), decimal_reader(number), number)
    return pc.coalesce(of_files, others)


def versions(
    events: pa.Table, stated: pa.Array, date: pa.Array, is_of_file: pa.Array
) -> dict[str, pa.Array]:
    """Compute the version time of each record, and the latest times that are plausible.

    A record without ``updated_at`` takes the time of reception. A producer's clock may be wrong: a
    message whose timestamp lies before the sale, or after the ingestion, takes the time of
    ingestion instead. All inputs are in bronze, so that parsing the same records again gives the
    same result.

    Args:
        events: the columns of bronze.sales_events.
        stated: texts of updated_at.
        date: business dates.
        is_of_file: true for a file's record, whose ``received_at`` is trusted, since the user who
            ingested the file stated the time.

    Returns:
        ``updated_at``, null where a text is stated that is no timestamp; ``last_time`` and
        ``last_day``, the latest plausible updated_at and business date; ``version_day``, the
        latest business date that a version made at updated_at can have.
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
    """Return the latest date that a clock can show at each time, ``CLOCKS_APART`` ahead."""
    return pc.add(times, pa.scalar(CLOCKS_APART)).cast(DATE)


def every(checks: tuple[RecordCheck, ...]) -> pc.Expression:
    """Combine checks into the condition that a record breaks none of the checks."""
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
    """Return the ``sale_id`` of each version of a sale, stated or computed; null for other rows."""
    given = pc.if_else(is_sale, column(fields, "sale_id_text"), None)
    has_no_id = pc.and_(is_sale, pc.is_null(given))
    computed = computed_ids(fields.filter(has_no_id), profile.sales)
    return pc.replace_with_mask(given, has_no_id, computed)


def reasons(fields: pa.Table, is_fine: pa.Array, checks: tuple[RecordCheck, ...]) -> pa.Array:
    """Name the checks that each record breaks; null for a record that breaks none.

    Records break few distinct sets of checks, so each set's list of names is built once.
    """
    broken = fields.filter(pc.invert(is_fine))
    sets = np.zeros(len(broken), np.int64)
    for bit, check in enumerate((MALFORMED, *checks)):
        holds = evaluated(broken, check.holds).to_numpy(zero_copy_only=False)
        sets |= (~holds).astype(np.int64) << bit
    # A record that cannot be read has no fields: only record_malformed applies.
    sets[sets & 1 == 1] = 1
    distinct, places = np.unique(sets, return_inverse=True)
    names = [
        [check.name for bit, check in enumerate((MALFORMED, *checks)) if broken_set >> bit & 1]
        for broken_set in distinct.tolist()
    ]
    fine = is_fine.to_numpy(zero_copy_only=False)
    place = np.zeros(len(fields), np.int64)
    place[~fine] = places
    return pa.array(names, NAMES).take(pa.array(place, mask=fine))


def rejected(parsed: pa.Table) -> pa.Table:
    """Select the rejected records as rows of bronze.rejected_sales."""
    return parsed.filter(pc.field("outcome") == REJECTED).select(list(REJECTED_SALES.names))
