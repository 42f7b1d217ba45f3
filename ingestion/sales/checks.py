"""Checks of sales records; each broken check is a reason in bronze.rejected_sales."""

from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sales.identity import identity_fields
from lakehouse.profile.profile import Profile
from lakehouse.profile.sales import CONTENT, Bounds, IdCheck
from lakehouse.types import DATE, PRICE, UNITS
from lakehouse.values import CLOCKS_APART


@dataclass(frozen=True)
class RecordCheck:
    """A condition that every valid record meets, over the columns of ``records.typed``.

    Attributes:
        name: the reason in bronze.rejected_sales.
        holds: the condition; null counts as broken.
        meaning: the condition in words.
    """

    name: str
    holds: pc.Expression
    meaning: str


# The only check that a record without readable fields breaks.
MALFORMED = RecordCheck(
    "record_malformed",
    ~pc.field("is_malformed"),
    "the record is a JSON object in UTF-8, or a line of a file with as many columns as the header",
)


def record_checks(profile: Profile) -> tuple[RecordCheck, ...]:
    """List the checks that a profile sets for sales records."""
    plausible = profile.sales.plausible
    return (
        present("date"),
        parsed("date", f"the date is a day in ISO form or {profile.sales.date_format}"),
        dates_within(profile),
        present("shop_id"),
        possible("shop_id"),
        present("item_id"),
        possible("item_id"),
        identified(profile),
        possible("sale_id"),
        present("units"),
        parsed("units", "the units are a number"),
        within("units", plausible.units, UNITS),
        parsed("price", "the price is a number or empty"),
        within("price", plausible.price, PRICE),
        parsed("updated_at", "updated_at is an ISO timestamp, in UTC if no zone is named"),
        made_in_time(profile),
        RecordCheck(
            "op_unknown",
            pc.field("op").isin(["upsert", "cancel"]),
            "op is upsert, cancel or empty",
        ),
        *(matching(name, check) for name, check in profile.sales.checks.items()),
    )


def describe_checks(profile: Profile) -> dict[str, str]:
    """Return what each check requires of a valid record, by the name of the check."""
    return {check.name: check.meaning for check in (MALFORMED, *record_checks(profile))}


def present(name: str) -> RecordCheck:
    """Check that a record has a field, unless the record is a cancel."""
    has_text = pc.field(f"{name}_text").is_valid()
    meaning = f"{name} is not empty, unless the record is a cancel"
    return RecordCheck(f"{name}_missing", pc.field("is_cancelled") | has_text, meaning)


def parsed(name: str, meaning: str) -> RecordCheck:
    """Check that a field, where present, could be read as a value."""
    is_absent = pc.field(f"{name}_text").is_null()
    return RecordCheck(f"{name}_unparsable", is_absent | pc.field(name).is_valid(), meaning)


def possible(name: str) -> RecordCheck:
    """Check that an id, where present, is plausible."""
    return RecordCheck(
        f"{name}_implausible",
        pc.field(f"{name}_text").is_null() | pc.field(f"can_be_{name}"),
        f"{name} is neither a word for a missing value (NULL, NaN, #N/A) nor a number with an "
        "exponent, whose last digits may be lost (4.6E+12)",
    )


def matching(name: str, check: IdCheck) -> RecordCheck:
    """Check that an id, where present, matches the pattern of a profile's check."""
    text = pc.field(f"{check.field}_text")
    matches = pc.match_substring_regex(text, f"^(?:{check.pattern})$")
    meaning = f"{check.field} matches {check.pattern}, as the profile's [sales.checks] requires"
    return RecordCheck(name, text.is_null() | matches, meaning)


def within(name: str, bounds: Bounds, number: pa.DataType) -> RecordCheck:
    """Check that a number, where present, lies within plausible bounds."""
    low, high = literal(bounds.min, number), literal(bounds.max, number)
    is_within = (pc.field(name) >= low) & (pc.field(name) <= high)
    return RecordCheck(
        f"{name}_implausible",
        pc.field(name).is_null() | is_within,
        f"{name} lies between {bounds.min} and {bounds.max}",
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
        f"date lies between {first} and {last}, and at most {CLOCKS_APART.days} days after the "
        "reception of the record",
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
        f"updated_at is neither before the date of the sale, nor before {first}, nor after the "
        f"reception of the record, each by more than {CLOCKS_APART.days} days",
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
        "the record identifies a sale, by sale_id or by all fields that the profile names in "
        "[sales] identity",
    )


def not_a_sale(profile: Profile) -> pc.Expression:
    """Return the condition that a record is an offer: zero units of an item not sold.

    A record of zero units that states a ``sale_id`` is a version of a sale: a correction to zero.
    """
    is_upsert = ~pc.field("is_cancelled") & pc.field("sale_id_text").is_null()
    is_zero = pc.field("units") == literal(Decimal(0), UNITS)
    return is_upsert & is_zero & pc.scalar(profile.sales.identity == CONTENT)
