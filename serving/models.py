"""Schemas of the API's requests and answers, shown in the OpenAPI document."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from lakehouse.values import EXPONENT, INVISIBLE, MISSING, plausible_id

MONTH_PATTERN = "^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"
# What an id may be, for clients: the pattern of ids in messages (streaming/contract). Characters
# beyond U+FFFF are left out, because JavaScript reads them as two.
UNSEEN = INVISIBLE.pattern[1:].partition("\U0001bca0")[0]
ID_PATTERN = rf"^(?!\s*(?:{MISSING}|{EXPONENT})\s*$)[\s\S]*[^\s{UNSEEN}]"
LONGEST_ID = 128


def known_form(text: str) -> str:
    """Normalise an id to the form that ids of sales have.

    Raises:
        ValueError: the text cannot be an id: blank, a missing-value word, or a number whose
            exponent hides digits.
    """
    if (found := plausible_id(text)) is None:
        raise ValueError(
            f"'{text}' can be no id: blank, a word for a missing value, or a number whose exponent "
            "hides its last digits"
        )
    return found


Id = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_ID),
    AfterValidator(known_form),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": ID_PATTERN}
    ),
]


def month_form(text: str) -> str:
    """Check the form of a month.

    Raises:
        ValueError: the text is no month, YYYY-MM.
    """
    if not re.fullmatch(MONTH_PATTERN, text):
        raise ValueError(f"'{text}' is no month: write YYYY-MM, such as 2015-11")
    return text


def first_day(month: str) -> date:
    """Return the first day of a month, written as YYYY-MM."""
    return date.fromisoformat(f"{month}-01")


MonthText = Annotated[
    str, AfterValidator(month_form), WithJsonSchema({"type": "string", "pattern": MONTH_PATTERN})
]
Month = Annotated[
    date,
    PlainSerializer(lambda month: f"{month:%Y-%m}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": MONTH_PATTERN}),
]


class Liveness(BaseModel):
    """The process runs."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """The served version, with its cutoff and number of forecasts."""

    status: Literal["ready"] = "ready"
    version: Annotated[str, Field(description="forecast version")]
    cutoff: Annotated[Month, Field(description="last month whose sales were visible")]
    published_at: Annotated[datetime, Field(description="when the version was published")]
    rows: Annotated[int, Field(description="forecasts served")]
    fault: Annotated[
        str | None,
        Field(description="why nothing newer could be read; null: the last refresh went well"),
    ]
