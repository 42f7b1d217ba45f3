"""The section of a profile on sales: where they are, what identifies one, what is plausible."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from lakehouse.profile.date_format import date_pattern
from lakehouse.section import Part

CONTENT = "content"
CONTENT_FIELDS = ("date", "shop_id", "item_id", "units", "price")


def readable(date_format: str) -> str:
    """Check that dates of a format can be read."""
    date_pattern(date_format)
    return date_format


class Bounds(Part):
    """Plausible values, both ends included; a record outside is rejected."""

    min: Decimal
    max: Decimal


class Plausible(Part):
    """Plausible ranges of a sale's fields."""

    price: Bounds = Bounds(min=Decimal("0.000001"), max=Decimal("999999999"))
    units: Bounds = Bounds(min=Decimal("-999999"), max=Decimal("999999"))
    first_date: date = date(2000, 1, 1)
    last_date: date = date(2099, 12, 31)


class SalesColumns(Part):
    """The columns of a sales file that hold each field of a sale."""

    date: str
    shop_id: str
    item_id: str
    units: str
    price: str | None = None
    sale_id: str | None = None
    updated_at: str | None = None
    op: str | None = None


class Sales(Part):
    """The daily sales files.

    ``identity`` is what makes a record the same sale as another: ``content`` (a hash of its
    fields: equal lines are one sale), ``sale_id`` (a column of its own: equal lines of different
    ids are as many sales), or a list of ``CONTENT_FIELDS`` (a natural key).
    ``reception_days`` is how many days after its date a sale of a history that was loaded at once
    counts as received (``build_panel --known-at``). ``most_rejected`` is the share of a file's
    records that may be rejected; a run with a file of more is refused before silver changes.
    """

    files: Annotated[list[str], Field(min_length=1)]
    columns: SalesColumns
    date_format: Annotated[str, AfterValidator(readable)] = "yyyy-MM-dd"
    identity: Literal["content", "sale_id"] | Annotated[list[str], Field(min_length=1)] = "content"
    plausible: Plausible = Plausible()
    reception_days: Annotated[int, Field(ge=0)] | None = None
    most_rejected: Annotated[float, Field(ge=0, le=1)] = 0.5

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
        """The fields that identify a sale, where identity lists them."""
        return tuple(self.identity) if isinstance(self.identity, list) else ()
