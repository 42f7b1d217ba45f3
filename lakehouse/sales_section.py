"""The section of a profile on sales: where they are, what identifies one, what is plausible."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from lakehouse.date_format import date_pattern
from lakehouse.profile_part import Part

CONTENT = "content"


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
    fields), ``sale_id`` (a column of its own), or a list of fields (a natural key).
    ``reception_days`` is how many days after its date a sale of a history that was loaded at once
    counts as received (``build_panel --known-at``).
    """

    files: Annotated[list[str], Field(min_length=1)]
    columns: SalesColumns
    date_format: Annotated[str, AfterValidator(readable)] = "yyyy-MM-dd"
    identity: Literal["content", "sale_id"] | Annotated[list[str], Field(min_length=1)] = "content"
    plausible: Plausible = Plausible()
    reception_days: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _identity_is_mapped(self) -> "Sales":
        needed = {"sale_id"} if self.identity == "sale_id" else set(self.natural_key)
        absent = sorted(name for name in needed if getattr(self.columns, name, None) is None)
        if absent:
            raise ValueError(f"identity names {', '.join(absent)}, which columns does not map")
        return self

    @property
    def natural_key(self) -> tuple[str, ...]:
        """The fields that identify a sale, where identity lists them."""
        return tuple(self.identity) if isinstance(self.identity, list) else ()
