"""Number formats of retailers' files: decimal mark, thousands mark, leading or trailing minus."""

import re
from typing import Literal

from pydantic import model_validator

from lakehouse.section import Section

# Unicode dashes that stand for a minus.
MINUS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"), "-")
FIRST_GROUP, GROUP = re.compile("[+-]?[1-9][0-9]{0,2}"), re.compile("[0-9]{3}")


class Marks(Section):
    """The decimal mark and thousands mark of a retailer's numbers.

    Attributes:
        decimal: mark between units and fractions.
        thousands: mark between groups of three digits; empty: numbers have none.
    """

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""

    @model_validator(mode="after")
    def _marks_differ(self) -> "Marks":
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both '{self.decimal}'; name two marks")
        return self

    def plain(self, text: str) -> str:
        """Rewrite a file's number with a decimal point, a leading minus and no thousands marks.

        With decimal mark ``,`` and thousands mark ``.``, ``1.299,50-`` becomes ``-1299.50``. A
        text in which the marks are misplaced becomes ``""`` or another text that is no number.
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
    """Return whether the groups between thousands marks have three digits each.

    The first group may be shorter, may have a sign, and must not begin with 0.
    """
    first, *others = groups
    return bool(FIRST_GROUP.fullmatch(first)) and all(map(GROUP.fullmatch, others))
