"""Sections of the profile about lists: shops, items, categories, and files of optional inputs."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from lakehouse.section import Section
from lakehouse.values import plausible_id

# First words of the names of keys, measures and panel columns.
RESERVED = (
    *("shop", "item", "category", "month", "target", "attributes"),
    *("sale", "sales", "sold", "pairs", "units", "revenue", "priced", "late", "weekend", "offer"),
    *("pair", "per", "price", "exposed", "before", "after"),
)

# What a name that a profile gives looks like.
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def check_pattern(pattern: str) -> str:
    """Check that a pattern is a regular expression with exactly one group.

    Raises:
        ValueError: the pattern is no regular expression, or has another number of groups.
    """
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    if groups != 1:
        raise ValueError("a pattern has exactly one group: the attribute")
    return pattern


def column_name(name: str) -> str:
    """Check that an attribute's name is a column name that no other column can have.

    Raises:
        ValueError: the name has other characters than a-z, 0-9 and _, or a reserved beginning.
    """
    if not NAME.fullmatch(name) or name.split("_")[0] in RESERVED:
        raise ValueError(
            f"attribute '{name}': small letters, digits and _, not beginning with "
            f"{', '.join(RESERVED)}"
        )
    return name


AttributeName = Annotated[str, AfterValidator(column_name)]


class Attribute(Section):
    """An attribute of a shop or item: a column's text, or what a pattern captures of the text.

    Attributes:
        column: name of the list's column that holds the text.
        pattern: regular expression with one group, which captures the attribute; without a
            pattern, the attribute is the whole text.
    """

    column: str
    pattern: Annotated[str, AfterValidator(check_pattern)] | None = None


class Entity(Section):
    """The file that lists the shops, items or categories.

    Attributes:
        file: name of the file; if a sales file, the distinct rows of the file are the list.
        columns: field of shopcast → column of the file. Fields of shops: ``shop_id``, ``name``; of
            items: ``item_id``, ``name``, ``category_id``, ``listed_on``; of categories:
            ``category_id``, ``name``. The id is required.
        attributes: name of a derived attribute → its source column and pattern.
    """

    file: str
    columns: dict[str, str]
    attributes: dict[AttributeName, Attribute] = Field(default_factory=dict)


def shop_id(text: str) -> str:
    """Normalise a shop's id as the ids of records are normalised.

    Raises:
        ValueError: the text cannot be an id.
    """
    if (normal := plausible_id(text)) is None:
        raise ValueError(f"'{text}' can be no shop's id")
    return normal


ShopId = Annotated[str, AfterValidator(shop_id)]


class Shops(Entity):
    """The file that lists the shops, and the aliases of shop ids.

    Attributes:
        aliases: alias id → id of the shop.
    """

    aliases: dict[ShopId, ShopId] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _aliases_name_shops(self) -> "Shops":
        chained = sorted(set(self.aliases) & set(self.aliases.values()))
        if chained:
            raise ValueError(f"aliases: {', '.join(chained)} is an alias and has one")
        return self


class InputFile(Section):
    """The file of an optional input.

    Attributes:
        file: name of the file.
        columns: field of shopcast → column of the file.
    """

    file: str
    columns: dict[str, str]
