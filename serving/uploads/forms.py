"""Forms of tables: which columns a CSV or Parquet body has, the profile's or the contract's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ingestion.files.sources import entity_fields
from ingestion.sales.records import FIELDS
from lakehouse.profile.profile import Files, Profile
from serving.uploads.limits import unreadable


class What(StrEnum):
    """What the rows of an upload are."""

    SALES = "sales"
    SHOPS = "shops"
    ITEMS = "items"


# The contract's fields that a table must have, and those that it may have.
REQUIRED = {
    What.SALES: ("date", "shop_id", "item_id", "units"),
    What.SHOPS: ("shop_id", "name"),
    What.ITEMS: ("item_id", "name", "category_id"),
}
OPTIONAL = {
    What.SALES: tuple(name for name in FIELDS if name not in REQUIRED[What.SALES]),
    What.SHOPS: ("alias_of",),
    What.ITEMS: ("category_name", "listed_on"),
}


@dataclass(frozen=True)
class Form:
    """Columns of a table, and how values are written.

    Attributes:
        required: shopcast's field names → columns that the table must have.
        optional: shopcast's field names → columns that the table may have.
        files: delimiter, encoding and number marks.
        is_profiles: whether the form is that of the retailer's own files.
    """

    required: Mapping[str, str]
    optional: Mapping[str, str] = field(default_factory=dict)
    files: Files = field(default_factory=Files)
    is_profiles: bool = False

    def match(self, columns: Collection[str]) -> dict[str, str] | None:
        """Map shopcast's field names to a table's columns; None: a required column is missing."""
        if not set(self.required.values()) <= set(columns):
            return None
        present = {name: column for name, column in self.optional.items() if column in columns}
        return {**self.required, **present}


def forms(what: What, profile: Profile) -> tuple[Form, Form]:
    """Return the forms that a table may have: the profile's, then the contract's."""
    if what == What.SALES:
        own = profile.sales.columns.model_dump(exclude_none=True)
    else:
        own = entity_fields(profile.shops if what == What.SHOPS else profile.items)
    required, optional = ({name: name for name in names[what]} for names in (REQUIRED, OPTIONAL))
    contract = Form(required, optional)
    return Form(own, files=profile.files, is_profiles=True), contract


def choose_form(
    candidates: Sequence[tuple[Form, Sequence[str]]],
) -> tuple[Form, Sequence[str], dict[str, str]]:
    """Choose the first form whose required columns a table has.

    Args:
        candidates: each form, with the table's columns as read by the form.

    Returns:
        The form, the table's columns and the mapping of shopcast's field names to columns.

    Raises:
        RefusedBodyError: no form fits, or a needed column occurs twice.
    """
    for form, columns in candidates:
        if (fields := form.match(columns)) is not None:
            twice = [name for name in fields.values() if list(columns).count(name) > 1]
            if twice:
                raise unreadable(f"The body has the column '{twice[0]}' twice; name it once.")
            return form, columns, fields
    wanted = " or ".join(", ".join(form.required.values()) for form, _ in candidates)
    present = ", ".join(candidates[-1][1]) or "none"
    raise unreadable(f"The body lacks columns: needed are {wanted}; the header has {present}.")
