"""Schemas of the questions and answers about forecasts, shown in the OpenAPI document."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from serving.models import Id, Month, MonthText

ESCAPED = "in a query + is a blank: write + as %2B, & as %26, # as %23"
MOST_PAIRS = 50_000
RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def rfc_3339(text: object) -> object:
    """Check the form of an instant; Pydantic would take numbers and days, too.

    Raises:
        ValueError: the text is no instant of RFC 3339.
    """
    if isinstance(text, str) and not RFC_3339.fullmatch(text):
        raise ValueError("write an instant with its zone, such as 2015-11-20T09:00:00Z")
    return text


AsOf = Annotated[
    AwareDatetime | None,
    BeforeValidator(rfc_3339),
    Field(
        description="answer as at this past instant (RFC 3339), withdrawn versions included; now "
        "where missing",
        examples=["2015-11-20T09:00:00Z"],
    ),
]
ShopId = Annotated[
    Id, Field(description=f"shop, or another name of one; {ESCAPED}", examples=["57"])
]
AskedMonth = Annotated[
    MonthText | None,
    Field(description="target month, YYYY-MM; all months where missing", examples=["2015-11"]),
]
Stale = Annotated[
    bool,
    Field(description="the cutoff is more than MAX_AGE_MONTHS months ago (2 where not set)"),
]


CursorText = Annotated[
    str,
    Field(max_length=1000),
    WithJsonSchema(
        {"type": "string", "maxLength": 1000, "pattern": "^([A-Za-z0-9_-]{4})+([A-Za-z0-9_=-]{4})$"}
    ),
]


class Question(BaseModel):
    """The query parameters of /predict; unknown names are refused, as they may be misspelt."""

    model_config = ConfigDict(extra="forbid")

    shop_id: ShopId
    item_id: Annotated[Id, Field(description=f"item; {ESCAPED}", examples=["5037"])]
    month: AskedMonth = None
    as_of: AsOf = None


class ShownOverride(BaseModel):
    """The number that a planner put beside a forecast."""

    units: Annotated[float, Field(description="units that the planner expects")]
    reason: Annotated[str, Field(description="reason code")]
    comment: Annotated[str | None, Field(description="the planner's comment; null: none")]
    author: Annotated[str, Field(description="holder of the key that sent the override")]
    recorded_at: Annotated[datetime, Field(description="when the override was accepted")]


class Forecast(BaseModel):
    """The forecast of one month."""

    month: Annotated[Month, Field(description="target month")]
    horizon: Annotated[int, Field(description="months from cutoff to target month")]
    units: Annotated[float, Field(description="mean units forecast, net of returns")]
    p10: Annotated[float | None, Field(description="10 % quantile of units; null: not fitted")]
    p50: Annotated[float | None, Field(description="50 % quantile of units; null: not fitted")]
    p90: Annotated[float | None, Field(description="90 % quantile of units; null: not fitted")]
    p95: Annotated[float | None, Field(description="95 % quantile of units; null: not fitted")]
    rung: Annotated[str, Field(description="history that the forecast rests on")]
    model: Annotated[str, Field(description="MLflow run that made the model of this horizon")]
    generated_at: Annotated[datetime, Field(description="when it was computed")]
    override: Annotated[
        ShownOverride | None,
        Field(description="a planner's number, the model's stays in `units`; null: none"),
    ]


class Asked(BaseModel):
    """The ids as the client sent them."""

    shop_id: str
    item_id: str


class Prediction(BaseModel):
    """The forecasts of a shop and item, with version and cutoff."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "asked": {"shop_id": "0", "item_id": "5037"},
                "shop_id": "57",
                "shop_name": "Якутск Орджоникидзе, 56",
                "item_id": "5037",
                "version": "20151103T020000Z",
                "cutoff": "2015-10",
                "stale": False,
                "forecasts": [
                    {
                        "month": "2015-11",
                        "horizon": 1,
                        "units": 0.7810787,
                        "p10": 0.0,
                        "p50": 1.0,
                        "p90": 2.0,
                        "p95": 3.0,
                        "rung": "own history",
                        "model": "4f1c2d9e8b7a4c3d9e0f1a2b3c4d5e6f",
                        "generated_at": "2015-11-03T02:00:00Z",
                        "override": {
                            "units": 4.0,
                            "reason": "promotion",
                            "comment": "flyer of week 46",
                            "author": "planning",
                            "recorded_at": "2015-11-05T09:30:00Z",
                        },
                    }
                ],
            }
        }
    )

    asked: Annotated[Asked, Field(description="ids as asked, before aliases")]
    shop_id: Annotated[str, Field(description="shop, aliases resolved")]
    shop_name: Annotated[str | None, Field(description="name of the shop; null: not known")]
    item_id: Annotated[str, Field(description="item")]
    version: Annotated[str, Field(description="forecast version")]
    cutoff: Annotated[Month, Field(description="last month whose sales were visible")]
    stale: Stale
    forecasts: Annotated[list[Forecast], Field(description="by month, at least one")]


class Pair(BaseModel):
    """A shop and an item."""

    model_config = ConfigDict(extra="forbid")

    shop_id: Annotated[Id, Field(description="shop, or another name of one", examples=["57"])]
    item_id: Annotated[Id, Field(description="item", examples=["5037"])]


class BulkQuestion(BaseModel):
    """The pairs to look up; unknown names are refused, as they may be misspelt."""

    model_config = ConfigDict(extra="forbid")

    pairs: Annotated[
        list[Pair],
        Field(min_length=1, max_length=MOST_PAIRS, description="pairs, answered in this order"),
    ]
    month: AskedMonth = None


class AsOfQuestion(BaseModel):
    """The query parameters of a bulk lookup."""

    model_config = ConfigDict(extra="forbid")

    as_of: AsOf = None


class PairForecasts(BaseModel):
    """The forecasts of one pair among several."""

    shop_id: Annotated[str, Field(description="shop, aliases resolved")]
    item_id: Annotated[str, Field(description="item")]
    version: Annotated[str, Field(description="forecast version")]
    cutoff: Annotated[Month, Field(description="last month whose sales were visible")]
    stale: Stale
    unknown: Annotated[
        list[Literal["shop_id", "item_id", "pair", "month"]] | None,
        Field(description="what of the pair has no forecast; null: the pair is forecast"),
    ]
    forecasts: Annotated[list[Forecast], Field(description="by month; empty: unknown")]


class Predictions(BaseModel):
    """The forecasts of several pairs, in the order of the question."""

    version: Annotated[str, Field(description="forecast version")]
    cutoff: Annotated[Month, Field(description="last month whose sales were visible")]
    stale: Stale
    predictions: list[PairForecasts]


class ShopItemForecasts(BaseModel):
    """The forecasts of one item of a shop."""

    item_id: Annotated[str, Field(description="item")]
    forecasts: Annotated[list[Forecast], Field(description="by month, at least one")]


class ShopQuestion(BaseModel):
    """The query parameters of a shop's forecasts in pages."""

    model_config = ConfigDict(extra="forbid")

    month: AskedMonth = None
    limit: Annotated[int, Field(ge=1, le=1000, description="most items of a page")] = 100
    cursor: Annotated[
        CursorText | None, Field(description="next of the page before; first page: none")
    ] = None
    as_of: AsOf = None


class ShopPage(BaseModel):
    """A page of a shop's forecasts, by item."""

    shop_id: Annotated[str, Field(description="shop, aliases resolved")]
    shop_name: Annotated[str | None, Field(description="name of the shop; null: not known")]
    version: Annotated[str, Field(description="forecast version, the same on every page")]
    cutoff: Annotated[Month, Field(description="last month whose sales were visible")]
    stale: Stale
    items: Annotated[list[ShopItemForecasts], Field(description="by item id")]
    next: Annotated[str | None, Field(description="cursor of the next page; null: the last page")]
