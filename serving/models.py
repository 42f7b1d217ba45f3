"""Schemas of the API's requests and answers, shown in the OpenAPI document."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from lakehouse.values import plausible_id

ESCAPED = "in a query + is a blank: write + as %2B, & as %26, # as %23"
MONTH_PATTERN = "^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"


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
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=r"^[^\x00]+$"),
    AfterValidator(known_form),
]
MonthText = Annotated[str, StringConstraints(pattern=MONTH_PATTERN)]
Month = Annotated[
    date,
    PlainSerializer(lambda month: f"{month:%Y-%m}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": MONTH_PATTERN}),
]


class Question(BaseModel):
    """The query parameters of /predict; unknown names are refused, as they may be misspelt."""

    model_config = ConfigDict(extra="forbid")

    shop_id: Annotated[
        Id, Field(description=f"shop, or another name of one; {ESCAPED}", examples=["57"])
    ]
    item_id: Annotated[Id, Field(description=f"item; {ESCAPED}", examples=["5037"])]
    month: Annotated[
        MonthText | None,
        Field(description="target month, YYYY-MM; all months where missing", examples=["2015-11"]),
    ] = None


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
    forecasts: Annotated[list[Forecast], Field(description="by month, at least one")]


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
