"""Numbers as files write them: marks that a profile names, a minus in front or behind."""

import re
from typing import Literal

from pydantic import model_validator

from lakehouse.section import Part

# Dashes that programs and people write for a minus.
MINUS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"), "-")
FIRST_GROUP, GROUP = re.compile("[+-]?[1-9][0-9]{0,2}"), re.compile("[0-9]{3}")


class Marks(Part):
    """The marks in a retailer's numbers: before the fraction, and between thousands (none: "")."""

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""

    @model_validator(mode="after")
    def _marks_differ(self) -> "Marks":
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both '{self.decimal}'; name two marks")
        return self

    def plain(self, text: str) -> str:
        """Write a number of a file as messages write it, with a point and a minus in front.

        ``1.299,50-`` is ``-1299.50`` with the decimal mark ``,`` and the thousands mark ``.``; a
        text that these marks cannot be in comes out as no number.
        """
        number = text.translate(MINUS)
        if number.endswith("-") and number[0] not in "+-":
            number = f"-{number[:-1].rstrip()}"
        whole, mark, fraction = number.partition(self.decimal)
        groups = whole.replace("\u2019", "'").split(self.thousands) if self.thousands else [whole]
        is_foreign = self.decimal != "." and "." in "".join(groups) + fraction
        if is_foreign or (len(groups) > 1 and not is_grouped(groups)):
            return ""
        return "".join(groups) + mark.replace(",", ".") + fraction


def is_grouped(groups: list[str]) -> bool:
    """Say whether digits stand in groups of three, the first perhaps shorter, and not zero."""
    first, *others = groups
    return bool(FIRST_GROUP.fullmatch(first)) and all(map(GROUP.fullmatch, others))
