"""Retailer profile: the configuration of one retailer, loaded from TOML and validated."""

import tomllib
from decimal import Decimal
from importlib import resources
from itertools import permutations
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)

from lakehouse.errors import ProfileError
from lakehouse.number_marks import Marks
from lakehouse.profile.features import Features
from lakehouse.profile.lists import Entity, InputFile, Shops
from lakehouse.profile.model import ModelConfig
from lakehouse.profile.rules import Gate, Retrain
from lakehouse.profile.sales import Sales
from lakehouse.section import Section
from lakehouse.tables.inputs import INPUTS

# Catalogue list → the fields that its columns may map, the required id first.
LISTED = {
    "shops": ("shop_id", "name"),
    "items": ("item_id", "name", "category_id", "listed_on"),
    "categories": ("category_id", "name"),
}


class Clip(Section):
    """Bounds of the units that models learn and forecast.

    Attributes:
        low: smallest value, units a month.
        high: greatest value, units a month; more units sold count as this many.
    """

    low: Decimal
    high: Decimal

    @model_validator(mode="after")
    def _ordered(self) -> "Clip":
        if self.low >= self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        return self


def bounds_of(clip: Clip | None) -> tuple[float, float]:
    """Return the smallest and the greatest forecast, units; without a clip, 0 and infinity."""
    return (0.0, float("inf")) if clip is None else (float(clip.low), float(clip.high))


class Files(Marks):
    """The format of a retailer's delimited text files: delimiter, encoding and number marks.

    Attributes:
        delimiter: character between two columns.
        encoding: how the files store letters.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Literal["utf-8", "iso-8859-1", "utf-16"] = "utf-8"


class Forecast(Section):
    """The pairs to forecast: active shops × active or newly listed items.

    Attributes:
        shop_active_months: a shop is active if it sold in these last months.
        item_active_months: an item is active if any shop sold the item in these last months.
        newly_listed_months: an item is new for so many months after the item was listed.
    """

    shop_active_months: PositiveInt = 1
    item_active_months: PositiveInt = 12
    newly_listed_months: PositiveInt = 12


class Profile(Section):
    """The configuration of one retailer: files, identity of sales, features, models and rules.

    Attributes:
        name: name of the profile: small letters, digits, ``_`` and ``-``.
        version: number that the retailer raises with each change of the profile.
        currency: currency of all prices, three capitals.
        files: format of text files.
        sales: files of daily sales.
        shops: list of shops.
        items: list of items.
        categories: list of categories; without one, categories have ids only.
        inputs: optional lists by name: ``promotions``, ``planned_prices``, ``stock_outs``,
            ``shop_dates``, ``delistings``.
        target_clip: bounds of the units that models learn and forecast; none: 0 and no upper bound.
        forecast: which pairs of shop and item are forecast.
        features: which blocks of features are computed.
        model: which models are trained, and how.
        gate: when a candidate becomes champion.
        retrain: when a new model is due.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    version: PositiveInt
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    files: Files = Files()
    sales: Sales
    shops: Shops
    items: Entity
    categories: Entity | None = None
    inputs: dict[str, InputFile] = Field(default_factory=dict)
    target_clip: Clip | None = None
    forecast: Forecast = Forecast()
    features: Features = Features()
    model: ModelConfig = ModelConfig()
    gate: Gate = Gate()
    retrain: Retrain = Retrain()

    @model_validator(mode="after")
    def _inputs_map_known_fields(self) -> "Profile":
        for name, listed in self.inputs.items():
            if name not in INPUTS:
                raise ValueError(f"inputs.{name} is none of {', '.join(INPUTS)}")
            declared, mapped = INPUTS[name], set(listed.columns)
            needed = set(declared.fields if declared.has_number else declared.keys)
            needed -= set() if declared.default is None else {v.name for v in declared.values}
            if not needed <= mapped <= set(declared.fields):
                fields = ", ".join(declared.fields)
                raise ValueError(f"inputs.{name}.columns maps {fields}, no other")
        return self

    @model_validator(mode="after")
    def _lists_map_known_fields(self) -> "Profile":
        for name, fields in LISTED.items():
            columns = set(part.columns) if (part := getattr(self, name)) else {fields[0]}
            if fields[0] not in columns or not columns <= set(fields):
                raise ValueError(f"{name}.columns maps {fields[0]}, perhaps {fields[1:]}, no other")
        return self

    @model_validator(mode="after")
    def _attributes_have_one_meaning(self) -> "Profile":
        of_categories = self.categories.attributes if self.categories else {}
        both = sorted({*self.shops.attributes} & {*self.items.attributes, *of_categories})
        if both:
            raise ValueError(f"attributes: {', '.join(both)} is of shops and of items; rename one")
        names = sorted({*self.shops.attributes, *self.items.attributes, *of_categories})
        for name, longer in permutations(names, 2):
            if longer.startswith(f"{name}_"):
                raise ValueError(
                    f"attributes: '{longer}' begins as '{name}' does, and so would their columns; "
                    "rename one"
                )
        return self


def list_shipped_profiles() -> list[str]:
    """Return the names of the profiles shipped with the program, sorted."""
    folder = resources.files("lakehouse.profile.profiles")
    return sorted(
        p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")
    )


def load_profile(name: str) -> Profile:
    """Load a shipped profile by name, or a TOML file by a path ending in ``.toml``.

    Raises:
        ProfileError: the profile does not exist or cannot be read, the file is not TOML, or a key
            is unknown, missing or invalid; the message names file and key.
    """
    path = Path(name) if name.endswith(".toml") else None
    source = path or resources.files("lakehouse.profile.profiles") / f"{name}.toml"
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        names = ", ".join(list_shipped_profiles())
        raise ProfileError(
            f"profile '{name}': not found; name one of {names}, or a path ending in .toml."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(
            f"profile '{name}': cannot be read ({error}); name a file of text in UTF-8."
        ) from None
    return parse_profile(text, str(source))


def parse_profile(text: str, source: str) -> Profile:
    """Parse and validate a profile's text.

    Args:
        text: the profile as TOML.
        source: name of the profile's file, for messages.

    Raises:
        ProfileError: the text is not TOML, or a key is unknown, missing or invalid.
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
