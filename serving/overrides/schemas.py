"""Schemas of requests and answers of /overrides, shown in the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lakehouse.overrides import Override
from serving.models import Id, Month, MonthText

PATH = "/overrides"
CSV, JSON = "text/csv", "application/json"
MOST_ROWS = 10_000
MOST_COMMENT = 500


class OverrideRow(BaseModel):
    """An override as a planner sends it; other fields, as an export has them, are not read."""

    model_config = ConfigDict(str_strip_whitespace=True)

    shop_id: Annotated[Id, Field(description="shop, or another name of one", examples=["57"])]
    item_id: Annotated[Id, Field(description="item", examples=["5037"])]
    month: Annotated[MonthText, Field(description="target month, YYYY-MM", examples=["2015-11"])]
    units: Annotated[
        float | None,
        Field(allow_inf_nan=False, description="units expected; null: withdraw the override"),
    ] = None
    reason: Annotated[
        str | None,
        Field(max_length=32, description="one of OVERRIDE_REASONS", examples=["promotion"]),
    ] = None
    comment: Annotated[
        str | None,
        Field(max_length=MOST_COMMENT, pattern=r"^[^\x00]*$", description="why; null: none"),
    ] = None


class StoredOverride(BaseModel):
    """An override as it is stored."""

    shop_id: Annotated[str, Field(description="shop, aliases resolved")]
    item_id: Annotated[str, Field(description="item")]
    month: Annotated[Month, Field(description="target month")]
    forecast: Annotated[
        float | None, Field(description="the model's units, as served when it was recorded")
    ]
    units: Annotated[float | None, Field(description="units expected; null: withdrawn")]
    reason: Annotated[str | None, Field(description="reason code; null: withdrawn")]
    comment: Annotated[str | None, Field(description="the planner's comment; null: none")]
    author: Annotated[str, Field(description="holder of the key")]
    recorded_at: Annotated[datetime, Field(description="when it was accepted")]
    version: Annotated[str, Field(description="forecast version that was served then")]
    change: Annotated[int, Field(description="number of the commit, grows with each one")]

    @classmethod
    def of(cls, override: Override) -> "StoredOverride":
        """Describe a row of gold.overrides."""
        return cls(**vars(override))


class OverridePage(BaseModel):
    """Overrides in pages."""

    overrides: list[StoredOverride]
    next: Annotated[int | None, Field(description="cursor of the next page; null: the last page")]


class OverrideFault(BaseModel):
    """One reason why a row is rejected."""

    line: Annotated[int, Field(description="line of the CSV file, or place in the list from 1")]
    field: Annotated[str | None, Field(description="field at fault; null: the row as a whole")]
    code: Annotated[str, Field(description="check that the row breaks", examples=["not_forecast"])]
    text: Annotated[str, Field(description="the value and the rule")]


class OverrideVerdicts(BaseModel):
    """What was done with the rows: read = accepted + unchanged + rejected."""

    read: Annotated[int, Field(description="rows read")]
    accepted: Annotated[int, Field(description="rows stored, all in one commit")]
    unchanged: Annotated[int, Field(description="rows that say what is stored already")]
    rejected: Annotated[int, Field(description="rows that break a rule; not stored")]
    change: Annotated[int | None, Field(description="number of the commit; null: none was needed")]
    errors: Annotated[list[OverrideFault], Field(description="the first hundred reasons")]


class ListQuestion(BaseModel):
    """The query parameters of lists of overrides."""

    model_config = ConfigDict(extra="forbid")

    shop_id: Annotated[Id | None, Field(description="shop, or another name of one")] = None
    item_id: Annotated[Id | None, Field(description="item")] = None
    month: Annotated[MonthText | None, Field(description="target month, YYYY-MM")] = None


class PageQuestion(ListQuestion):
    """The query parameters of lists in pages."""

    limit: Annotated[int, Field(ge=1, le=1000, description="most overrides of a page")] = 100
    cursor: Annotated[
        int | None, Field(ge=0, le=2**53, description="next of the page before; first page: none")
    ] = None


EXAMPLE = {
    "shop_id": "57",
    "item_id": "5037",
    "month": "2015-11",
    "units": 12,
    "reason": "promotion",
    "comment": "flyer of week 46",
}
FILE = "shop_id,item_id,month,units,reason,comment\n57,5037,2015-11,12,promotion,flyer of week 46\n"
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "description": "Rows as a list, or as CSV with a header: the file that GET /overrides.csv "
    "returns can be sent back.",
    "content": {
        JSON: {
            "schema": {
                "type": "array",
                "maxItems": MOST_ROWS,
                "items": OverrideRow.model_json_schema(),
            },
            "example": [EXAMPLE],
        },
        CSV: {"schema": {"type": "string", "format": "binary"}, "example": FILE},
    },
}
