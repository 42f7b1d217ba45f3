"""Schemas of what the page asks and gets, shown in the OpenAPI document."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serving.lookup.schemas import ShownOverride, Stale
from serving.models import Id, MonthText

P10 = Annotated[float | None, Field(description="10 % quantile of units; null: not fitted")]
P90 = Annotated[float | None, Field(description="90 % quantile of units; null: not fitted")]
LastYear = Annotated[
    float | None,
    Field(description="units of the same month a year earlier; null: before the first sale"),
]


class SearchQuestion(BaseModel):
    """The query parameters of a search."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[
        str, Field(max_length=200, description="words of the name or id; all where missing")
    ] = ""
    limit: Annotated[int, Field(ge=1, le=1000, description="most results of a page")] = 20
    offset: Annotated[
        int, Field(ge=0, le=10**9, description="results to skip: next of the page before")
    ] = 0


class ItemSearchQuestion(SearchQuestion):
    """The query parameters of a search for items."""

    shop_id: Annotated[
        Id | None,
        Field(description="only items that this shop has forecasts of", examples=["57"]),
    ] = None


class MissQuestion(BaseModel):
    """The query parameters of a shop's summary."""

    model_config = ConfigDict(extra="forbid")

    misses: Annotated[int, Field(ge=0, le=1000, description="most misses to list")] = 20


class Nothing(BaseModel):
    """No query parameters; unknown names are refused, as they may be misspelt."""

    model_config = ConfigDict(extra="forbid")


class Served(BaseModel):
    """Which forecasts an answer rests on, and how old the data are."""

    version: Annotated[str, Field(description="forecast version")]
    cutoff: Annotated[MonthText, Field(description="last month whose sales were visible")]
    stale: Stale
    published_at: Annotated[datetime, Field(description="when the version was published")]


class ShopName(BaseModel):
    """A shop."""

    shop_id: str
    name: Annotated[str | None, Field(description="name; null: not known")]


class ShopNames(BaseModel):
    """A page of shops, the nearest to the query first."""

    shops: list[ShopName]
    next: Annotated[int | None, Field(description="offset of the next page; null: the last page")]


class ItemEntry(BaseModel):
    """An item."""

    item_id: str
    name: Annotated[str | None, Field(description="name; null: not known")]
    category_name: Annotated[str | None, Field(description="category's name; null: not known")]


class ItemEntries(BaseModel):
    """A page of items, the nearest to the query first."""

    items: list[ItemEntry]
    next: Annotated[int | None, Field(description="offset of the next page; null: the last page")]


class Earlier(BaseModel):
    """What was forecast of a month before the month began; the last forecast published."""

    version: Annotated[str, Field(description="forecast version")]
    horizon: Annotated[int, Field(description="months from cutoff to target month")]
    units: Annotated[float, Field(description="mean units forecast")]
    p10: P10
    p90: P90


class SoldMonth(BaseModel):
    """A closed month."""

    month: MonthText
    units: Annotated[float, Field(description="units sold, net of returns")]
    last_year: LastYear
    forecast: Annotated[Earlier | None, Field(description="null: the month was not forecast")]


class ComingMonth(BaseModel):
    """A month with a forecast of the served version."""

    month: MonthText
    horizon: Annotated[int, Field(description="months from cutoff to target month")]
    units: Annotated[float, Field(description="mean units forecast, net of returns")]
    p10: P10
    p50: Annotated[float | None, Field(description="50 % quantile of units; null: not fitted")]
    p90: P90
    p95: Annotated[float | None, Field(description="95 % quantile of units; null: not fitted")]
    rung: Annotated[str, Field(description="history that the forecast rests on")]
    model: Annotated[str, Field(description="MLflow run that made the model of this horizon")]
    generated_at: Annotated[datetime, Field(description="when it was computed")]
    override: Annotated[
        ShownOverride | None, Field(description="a planner's number; null: none was put")
    ]
    last_year: LastYear


class PairHistory(Served):
    """A shop and item: closed months, what was forecast of them, and what is forecast now."""

    shop_id: Annotated[str, Field(description="shop, aliases resolved")]
    shop_name: Annotated[str | None, Field(description="name of the shop; null: not known")]
    item_id: str
    item_name: Annotated[str | None, Field(description="name of the item; null: not known")]
    category_name: Annotated[str | None, Field(description="category's name; null: not known")]
    months: Annotated[
        list[SoldMonth], Field(description="closed months from the first sale on; empty: none")
    ]
    forecasts: Annotated[list[ComingMonth], Field(description="by month; empty: not forecast")]


class ShopMonth(BaseModel):
    """A closed month of all items of a shop."""

    month: MonthText
    units: Annotated[float, Field(description="units sold, net of returns")]
    last_year: LastYear
    forecast: Annotated[
        float | None, Field(description="sum of the units forecast; null: was not forecast")
    ]


class ComingShopMonth(BaseModel):
    """A month of all forecasts of a shop."""

    month: MonthText
    horizon: Annotated[int, Field(description="months from cutoff to target month")]
    units: Annotated[float, Field(description="sum of the mean units forecast")]
    items: Annotated[int, Field(description="items with a forecast")]
    last_year: LastYear


class Miss(BaseModel):
    """A forecast of the last closed month beside the units sold."""

    item_id: str
    item_name: Annotated[str | None, Field(description="name of the item; null: not known")]
    units: Annotated[float, Field(description="units sold, net of returns")]
    forecast: Annotated[float, Field(description="mean units forecast")]
    p10: P10
    p90: P90


class ShopSummary(Served):
    """A shop's total by month, and its greatest misses."""

    shop_id: Annotated[str, Field(description="shop, aliases resolved")]
    shop_name: Annotated[str | None, Field(description="name of the shop; null: not known")]
    months: Annotated[list[ShopMonth], Field(description="closed months from the first sale on")]
    forecasts: Annotated[list[ComingShopMonth], Field(description="by month; empty: not forecast")]
    misses_month: Annotated[
        MonthText | None, Field(description="last closed month; null: no month is closed")
    ]
    misses: Annotated[list[Miss], Field(description="the greatest difference first")]
