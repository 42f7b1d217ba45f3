"""Profile section ``sales``: files and columns, the identity of a sale, and plausible values."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field, model_validator

from lakehouse.profile.date_format import date_pattern
from lakehouse.profile.lists import NAME
from lakehouse.section import Section

CONTENT = "content"
CONTENT_FIELDS = ("date", "shop_id", "item_id", "units", "price")
# Last words of the names of shopcast's own checks.
BUILT_IN = ("missing", "unparsable", "implausible", "malformed", "unknown")
# Together with shopcast's own checks, a record's broken checks fit into 63 bits.
MOST_CHECKS = 32


def readable(date_format: str) -> str:
    """Check that a date format is valid.

    Raises:
        ValueError: the format has an unknown letter, or does not name year, month and day once
            each.
    """
    date_pattern(date_format)
    return date_format


class Bounds(Section):
    """A range of plausible values; a record outside the range is rejected.

    Attributes:
        min: smallest plausible value.
        max: greatest plausible value.
    """

    min: Decimal
    max: Decimal


class Plausible(Section):
    """Plausible ranges of a sale's values; a record outside a range is rejected with a reason.

    Attributes:
        price: range of the price, currency per unit.
        units: range of the units; negative units are returns.
        first_date: earliest plausible date of a sale.
        last_date: latest plausible date of a sale.
    """

    price: Bounds = Bounds(min=Decimal("0.000001"), max=Decimal("999999999"))
    units: Bounds = Bounds(min=Decimal("-999999"), max=Decimal("999999"))
    first_date: date = date(2000, 1, 1)
    last_date: date = date(2099, 12, 31)


def id_pattern(pattern: str) -> str:
    """Check that Arrow can match a pattern.

    Raises:
        ValueError: the pattern is no regular expression of RE2, which has no look-around.
    """
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise ValueError(f"'{pattern}' is no regular expression of RE2: {error}") from None
    return pattern


def check_name(name: str) -> str:
    """Check that a name can be the reason of a rejected record, and is none of shopcast's reasons.

    Raises:
        ValueError: the name has other characters than a-z, 0-9 and _, or a reserved ending.
    """
    if not NAME.fullmatch(name) or name.rpartition("_")[2] in BUILT_IN:
        raise ValueError(
            f"check '{name}': up to 40 small letters, digits and _, beginning with a letter, and "
            f"not ending in _{', _'.join(BUILT_IN)}, which shopcast's own checks do"
        )
    return name


CheckName = Annotated[str, AfterValidator(check_name)]


class IdCheck(Section):
    """A retailer's own check of an id: a record whose id does not match is rejected.

    Attributes:
        field: which id.
        pattern: regular expression (RE2) that the whole id, without blanks at the ends, matches.
    """

    field: Literal["shop_id", "item_id", "sale_id"]
    pattern: Annotated[str, AfterValidator(id_pattern)]


class SalesColumns(Section):
    """For each field of a sale, the name of the column in the sales files.

    Attributes:
        date: column of the business date.
        shop_id: column of the shop's id.
        item_id: column of the item's id.
        units: column of the units sold; negative units are returns.
        price: column of the price, currency per unit; without one, features of prices are null.
        sale_id: column of an id that names the sale; needs ``identity = "sale_id"``.
        updated_at: column of the time of the record's version; the newest version of a sale counts.
        op: column that says ``cancel`` where a record takes its sale back.
    """

    date: str
    shop_id: str
    item_id: str
    units: str
    price: str | None = None
    sale_id: str | None = None
    updated_at: str | None = None
    op: str | None = None


class Sales(Section):
    """The daily sales files.

    Attributes:
        files: names of the files, or patterns such as ``sales*.csv``.
        columns: which column holds which field.
        date_format: format of dates, such as ``dd.MM.yyyy``; dates in ISO form are always read.
        identity: what makes two records versions of one sale: ``content`` (a hash of the fields:
            equal lines are one sale), ``sale_id`` (an id column: equal lines with different ids
            are different sales), or a list of fields among ``date``,
            ``shop_id``, ``item_id``, ``units`` and ``price`` (a natural key).
        plausible: ranges outside which a record is rejected.
        checks: name of a check of an id → field and pattern, such as which item ids are goods and
            no service codes; records that break a check are rejected under the check's name.
        reception_days: number of days after the business date at which a sale from a history
            loaded at once counts as received (``build_panel --known-at``).
        most_rejected: greatest share of a file's records that may be rejected; a run with a worse
            file is refused before silver changes.
        most_returns_rejected: greatest share of a load's records of returned units that may be
            rejected; a run with a worse load of at least 20 returns is refused likewise.
    """

    files: Annotated[list[str], Field(min_length=1)]
    columns: SalesColumns
    date_format: Annotated[str, AfterValidator(readable)] = "yyyy-MM-dd"
    identity: Literal["content", "sale_id"] | Annotated[list[str], Field(min_length=1)] = "content"
    plausible: Plausible = Plausible()
    checks: Annotated[dict[CheckName, IdCheck], Field(max_length=MOST_CHECKS)] = Field(
        default_factory=dict
    )
    reception_days: Annotated[int, Field(ge=0)] | None = None
    most_rejected: Annotated[float, Field(ge=0, le=1)] = 0.5
    most_returns_rejected: Annotated[float, Field(ge=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _identity_is_mapped(self) -> "Sales":
        has_ids = self.columns.sale_id is not None
        if has_ids and self.identity != "sale_id":
            raise ValueError(
                f"columns maps sale_id, which identifies a sale alone, but identity is "
                f'{self.identity!r}; set identity = "sale_id", or do not map sale_id'
            )
        others = [name for name in self.natural_key if name not in CONTENT_FIELDS]
        if others or len(set(self.natural_key)) < len(self.natural_key):
            raise ValueError(
                f"identity lists {', '.join(self.natural_key)}; it is content, sale_id, or a list "
                f"of different fields among {', '.join(CONTENT_FIELDS)}"
            )
        needed = {"sale_id"} if self.identity == "sale_id" else set(self.natural_key)
        absent = sorted(name for name in needed if getattr(self.columns, name, None) is None)
        if absent:
            raise ValueError(f"identity names {', '.join(absent)}, which columns does not map")
        return self

    @property
    def natural_key(self) -> tuple[str, ...]:
        """The fields that ``identity`` lists; empty if ``identity`` is no list."""
        return tuple(self.identity) if isinstance(self.identity, list) else ()
