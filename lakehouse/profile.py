"""A profile: what one retailer's files mean, loaded from TOML and validated."""

import re
import tomllib
from datetime import date
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)

from lakehouse.date_format import date_pattern
from lakehouse.errors import ProfileError

CONTENT = "content"
# The fields of a list's record, its id first.
LISTED = {
    "shops": ("shop_id", "name"),
    "items": ("item_id", "name", "category_id", "listed_on"),
    "categories": ("category_id", "name"),
}


def compiled(pattern: str) -> str:
    """Check that a pattern is a regular expression with exactly one group."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    if groups != 1:
        raise ValueError("a pattern has exactly one group: the attribute")
    return pattern


def readable(date_format: str) -> str:
    """Check that dates of a format can be read."""
    date_pattern(date_format)
    return date_format


class Part(BaseModel):
    """A section of a profile: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Clip(Part):
    """Bounds of the forecast target, units."""

    low: Decimal
    high: Decimal

    @model_validator(mode="after")
    def _ordered(self) -> "Clip":
        if self.low >= self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        return self


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


class Files(Part):
    """How a retailer's delimited text files are written."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Literal["utf-8", "iso-8859-1", "utf-16"] = "utf-8"


class Sales(Part):
    """The daily sales files.

    ``identity`` is what makes a record the same sale as another: ``content`` (a hash of its
    fields), ``sale_id`` (a column of its own), or a list of fields (a natural key).
    """

    files: Annotated[list[str], Field(min_length=1)]
    columns: SalesColumns
    date_format: Annotated[str, AfterValidator(readable)] = "yyyy-MM-dd"
    identity: Literal["content", "sale_id"] | Annotated[list[str], Field(min_length=1)] = "content"
    plausible: Plausible = Plausible()

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


class Attribute(Part):
    """An attribute of a shop or item: a column, or the part of it that a pattern captures."""

    column: str
    pattern: Annotated[str, AfterValidator(compiled)] | None = None


class Entity(Part):
    """Where the shops, items or categories are listed.

    ``columns`` maps our names to the file's; the file may be a sales file, whose distinct rows
    are then taken.
    """

    file: str
    columns: dict[str, str]
    attributes: dict[str, Attribute] = {}


class Shops(Entity):
    """The shops, and which ids are other names of a shop."""

    aliases: dict[str, str] = {}

    @model_validator(mode="after")
    def _aliases_name_shops(self) -> "Shops":
        chained = sorted(set(self.aliases) & set(self.aliases.values()))
        if chained:
            raise ValueError(f"aliases: {', '.join(chained)} is an alias and has one")
        return self


class Forecast(Part):
    """Which pairs are forecast: active shops × active or newly listed items."""

    shop_active_months: PositiveInt = 1
    item_active_months: PositiveInt = 12
    newly_listed_months: PositiveInt = 12


class Model(Part):
    """Training: the boosted trees and the months they learn from."""

    first_training_month: Annotated[int, Field(ge=1)] = 3
    rounds: PositiveInt = 100
    max_depth: PositiveInt = 8
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    min_child_weight: Annotated[float, Field(ge=0)] = 30
    subsample: Annotated[float, Field(gt=0, le=1)] = 0.8
    colsample_bytree: Annotated[float, Field(gt=0, le=1)] = 0.8


class Profile(Part):
    """What one retailer's files mean."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    version: PositiveInt
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    files: Files = Files()
    sales: Sales
    shops: Shops
    items: Entity
    categories: Entity | None = None
    target_clip: Clip | None = None
    forecast: Forecast = Forecast()
    model: Model = Model()

    @model_validator(mode="after")
    def _lists_map_known_fields(self) -> "Profile":
        for name, fields in LISTED.items():
            columns = set(part.columns) if (part := getattr(self, name)) else {fields[0]}
            if fields[0] not in columns or not columns <= set(fields):
                raise ValueError(f"{name}.columns maps {fields[0]}, perhaps {fields[1:]}, no other")
        return self


def shipped() -> list[str]:
    """Name the profiles that come with the program."""
    folder = resources.files("lakehouse.profiles")
    return sorted(
        p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")
    )


def load_profile(name: str) -> Profile:
    """Load a profile by the name of a shipped one, or by the path of a TOML file.

    Raises:
        ProfileError: there is none, it is not TOML, or a key is unknown, missing or of a wrong
            type; the message names key and file.
    """
    path = Path(name) if name.endswith(".toml") else None
    source = path or resources.files("lakehouse.profiles") / f"{name}.toml"
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(shipped())
        raise ProfileError(
            f"profile '{name}': not found; name one of {known}, or a path ending in .toml."
        ) from None
    return parse_profile(text, str(source))


def parse_profile(text: str, source: str) -> Profile:
    """Validate a profile's text.

    Args:
        text: TOML.
        source: its file, for messages.
    """
    try:
        return Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{source}: not TOML: {error}") from None
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise ProfileError(f"{source}: {faults}") from None
