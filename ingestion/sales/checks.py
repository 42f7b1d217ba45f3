"""Checks of sales records; each broken check is a reason in bronze.rejected_sales."""

from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sales.identity import identity_fields
from lakehouse.profile.profile import Profile
from lakehouse.profile.sales import CONTENT, Bounds
from lakehouse.types import DATE, PRICE, UNITS
from lakehouse.values import CLOCKS_APART


@dataclass(frozen=True)
class RecordCheck:
    """A condition that every valid record meets, over the columns of ``records.typed``.

    A condition that evaluates to null counts as broken.
    """

    name: str
    holds: pc.Expression
    meaning: str


# The only check that a record without readable fields breaks.
MALFORMED = RecordCheck(
    "record_malformed",
    ~pc.field("is_malformed"),
    "a JSON object in UTF-8; in a file, a line with as many columns as the header",
)


def record_checks(profile: Profile) -> tuple[RecordCheck, ...]:
    """List the checks that a profile sets for sales records."""
    plausible = profile.sales.plausible
    return (
        present("date", "has a business date"),
        parsed("date", f"its date is a day, in ISO form or {profile.sales.date_format}"),
        dates_within(profile),
        present("shop_id", "names a shop"),
        possible("shop_id"),
        present("item_id", "names an item"),
        possible("item_id"),
        identified(profile),
        possible("sale_id"),
        present("units", "says how many units"),
        parsed("units", "its units are a number"),
        within("units", plausible.units, UNITS),
        parsed("price", "its price is a number, or not known"),
        within("price", plausible.price, PRICE),
        parsed("updated_at", "updated_at is an ISO timestamp, UTC where it names no zone"),
        made_in_time(profile),
        RecordCheck(
            "op_unknown",
            pc.field("op").isin(["upsert", "cancel"]),
            "op is upsert, cancel or left out",
        ),
    )


def present(name: str, meaning: str) -> RecordCheck:
    """Check that a record has a field, unless the record is a cancel."""
    is_there = pc.field(f"{name}_text").is_valid()
    return RecordCheck(f"{name}_missing", pc.field("is_cancelled") | is_there, meaning)


def parsed(name: str, meaning: str) -> RecordCheck:
    """Check that a field, where present, could be read as a value."""
    is_absent = pc.field(f"{name}_text").is_null()
    return RecordCheck(f"{name}_unparsable", is_absent | pc.field(name).is_valid(), meaning)


def possible(name: str) -> RecordCheck:
    """Check that an id, where present, is plausible."""
    return RecordCheck(
        f"{name}_implausible",
        pc.field(f"{name}_text").is_null() | pc.field(f"can_be_{name}"),
        f"its {name} is no word for a missing value (NULL, NaN, #N/A) and no number with an "
        "exponent, whose last digits may be lost (4.6E+12)",
    )


def within(name: str, bounds: Bounds, number: pa.DataType) -> RecordCheck:
    """Check that a number, where present, lies within plausible bounds."""
    low, high = literal(bounds.min, number), literal(bounds.max, number)
    is_within = (pc.field(name) >= low) & (pc.field(name) <= high)
    return RecordCheck(
        f"{name}_implausible",
        pc.field(name).is_null() | is_within,
        f"its {name} is between {bounds.min} and {bounds.max}",
    )


def literal(value: object, arrow_type: pa.DataType) -> pc.Expression:
    """Turn a value into a typed literal of a condition."""
    return pc.scalar(pa.scalar(value, arrow_type))


def dates_within(profile: Profile) -> RecordCheck:
    """Check that a business date, where present, is plausible and not after the reception."""
    first, last = profile.sales.plausible.first_date, profile.sales.plausible.last_date
    low, high = literal(first, DATE), literal(last, DATE)
    is_within = (pc.field("date") >= low) & (pc.field("date") <= high)
    return RecordCheck(
        "date_implausible",
        pc.field("date").is_null() | (is_within & (pc.field("date") <= pc.field("last_day"))),
        f"its date is between {first} and {last}, and at most {CLOCKS_APART.days} days after the "
        "record was received",
    )


def made_in_time(profile: Profile) -> RecordCheck:
    """Check that ``updated_at``, where stated, is neither before the sale nor after reception."""
    first = profile.sales.plausible.first_date
    is_left_out = pc.field("updated_at_text").is_null() | pc.field("updated_at").is_null()
    is_after = pc.field("date").is_null() | (pc.field("version_day") >= pc.field("date"))
    is_known = (pc.field("updated_at") <= pc.field("last_time")) & (
        pc.field("version_day") >= literal(first, DATE)
    )
    return RecordCheck(
        "updated_at_implausible",
        is_left_out | (is_known & is_after),
        f"updated_at is not before its date, nor before {first}, nor after the record was "
        f"received; {CLOCKS_APART.days} days are granted",
    )


def identified(profile: Profile) -> RecordCheck:
    """Check that a record states a ``sale_id`` or the fields that identify the sale."""
    is_given = pc.field("sale_id_text").is_valid()
    fields = identity_fields(profile.sales)
    is_complete = pc.scalar(bool(fields))
    for name in fields:
        is_complete = is_complete & (pc.field(name).is_valid() if name != "price" else True)
    is_computed = pc.scalar(bool(fields)) & ~pc.field("is_cancelled")
    return RecordCheck(
        "sale_id_missing",
        is_given | is_computed | is_complete,
        "says which sale it is; a cancel does by sale_id or by all fields that identify the sale",
    )


def not_a_sale(profile: Profile) -> pc.Expression:
    """Return the condition that a record is an offer: zero units of an item not sold.

    A record of zero units that states a ``sale_id`` is a version of a sale: a correction to zero.
    """
    is_upsert = ~pc.field("is_cancelled") & pc.field("sale_id_text").is_null()
    is_zero = pc.field("units") == literal(Decimal(0), UNITS)
    return is_upsert & is_zero & pc.scalar(profile.sales.identity == CONTENT)
