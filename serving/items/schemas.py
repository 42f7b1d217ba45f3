"""Schemas of the answers about items, shown in the OpenAPI document."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serving.models import MonthText


class MonthPrice(BaseModel):
    """What buyers paid for an item in a month."""

    month: Annotated[MonthText, Field(description="month of the sales")]
    low: Annotated[float, Field(description="currency per unit in the cheapest shop")]
    mean: Annotated[float, Field(description="currency per unit, all units of all shops")]
    high: Annotated[float, Field(description="currency per unit in the dearest shop")]
    shops: Annotated[int, Field(description="shops that sold the item at a known price")]
    units: Annotated[float, Field(description="units that the prices are of, returns left out")]


class MonthForecast(BaseModel):
    """The forecast of an item in a month, over all shops."""

    month: Annotated[MonthText, Field(description="target month")]
    horizon: Annotated[int, Field(description="months from cutoff to target month")]
    units: Annotated[float, Field(description="sum of the shops' mean units forecast")]
    shops: Annotated[int, Field(description="shops with a forecast of the item")]


class ItemForecasts(BaseModel):
    """The forecasts of an item, with version and cutoff."""

    version: Annotated[str | None, Field(description="forecast version; null: none published")]
    cutoff: Annotated[
        MonthText | None, Field(description="last month whose sales were visible; null as version")
    ]
    months: Annotated[list[MonthForecast], Field(description="by month; empty: not forecast")]


class Item(BaseModel):
    """An item: catalogue, prices by month, and the newest forecasts."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "item_id": "5037",
                "name": "Desk lamp, green",
                "category_id": "19",
                "category_name": "Home - Light",
                "listed_on": None,
                "attributes": {"type": "Home"},
                "prices": [
                    {
                        "month": "2015-10",
                        "low": 699.0,
                        "mean": 741.5,
                        "high": 799.0,
                        "shops": 12,
                        "units": 31.0,
                    }
                ],
                "forecasts": {
                    "version": "20151103T020000Z",
                    "cutoff": "2015-10",
                    "months": [{"month": "2015-11", "horizon": 1, "units": 27.31, "shops": 14}],
                },
            }
        }
    )

    item_id: Annotated[str, Field(description="item")]
    name: Annotated[str | None, Field(description="name; null: not known")]
    category_id: Annotated[str | None, Field(description="category; null: item not in the list")]
    category_name: Annotated[str | None, Field(description="category's name; null: not known")]
    listed_on: Annotated[
        date | None, Field(description="first day in the retailer's list; null: not known")
    ]
    attributes: Annotated[
        dict[str, str] | None, Field(description="as the profile derives; null: item not in list")
    ]
    prices: Annotated[list[MonthPrice], Field(description="by month; empty: never sold at a price")]
    forecasts: ItemForecasts
