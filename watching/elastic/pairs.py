"""Documents of forecasts beside actuals: a pair, month and version each."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from features.group import ITEM, SHOP
from features.groups import shop_item
from features.tables import monthly_table
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches, read_table
from lakehouse.forecast_scores import SERVED, ScoredForecast, read_served_scores
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.tables.gold import FORECASTS
from lakehouse.tables.silver import ITEMS, SHOPS
from modelling.estimators.quantiles import QUANTILES
from watching.elastic.documents import Document, action, base
from watching.elastic.fields import FORECASTS as INDEX

CELLS = monthly_table(shop_item(None))
COLUMNS = (SHOP, ITEM, "units", *QUANTILES, "rung")


@dataclass(frozen=True)
class ScoredMonth:
    """A version's forecasts of a closed month, which were scored.

    Attributes:
        version: forecast version.
        month: target month, first day.
        horizon: months from the cutoff to the target month.
        rows: forecasts of known shops.
        digest: state of the sales that the scores rest on, and of the known shops that were
            forecast.
    """

    version: str
    month: date
    horizon: int
    rows: int
    digest: str

    @property
    def index(self) -> str:
        """Name of the month's index."""
        return f"{INDEX.name}-{self.month:%Y.%m}"


@dataclass(frozen=True)
class PairDocuments:
    """Makes the documents of scored months; shops that were erased have none.

    Attributes:
        lake: the lake.
    """

    lake: Lake

    @cached_property
    def shops(self) -> Mapping[str, str | None]:
        """Shop → name; of all shops that are listed or have sales."""
        sold = distinct(self.lake, CELLS, SHOP)
        return {**dict.fromkeys(sold), **names(self.lake, SHOPS, SHOP, "name")}

    @cached_property
    def items(self) -> Mapping[str, tuple[str | None, str | None]]:
        """Item → name and category."""
        if not log.exists(self.lake, ITEMS):
            return {}
        rows = read_table(self.lake, ITEMS, (ITEM, "name", "category_name")).to_pylist()
        return {row[ITEM]: (row["name"], row["category_name"]) for row in rows}

    def months(self) -> Iterator[ScoredMonth]:
        """Yield the scored months, the oldest first."""
        scored = read_served_scores(self.lake, ("cells",))
        for key in sorted(scored):
            shops = self.known_shops(key)
            digest = log.digest([scored[key][SERVED]["cells"], sorted(shops)])
            yield ScoredMonth(key.version, key.month, key.horizon, shops.total(), digest)

    def known_shops(self, scored: ScoredForecast) -> Counter[str]:
        """Count the forecasts of each known shop."""
        counts: Counter[str] = Counter()
        for batch in read_batches(self.lake, FORECASTS, (SHOP,), filters_of(scored)):
            shops, rows = batch[SHOP].value_counts().flatten()
            counts.update(dict(zip(shops.to_pylist(), rows.to_pylist(), strict=True)))
        return Counter({shop: count for shop, count in counts.items() if shop in self.shops})

    def documents(self, scored: ScoredMonth) -> Iterator[Document]:
        """Yield the documents of a scored month."""
        sold = self.sold(scored.month)
        for batch in read_batches(self.lake, FORECASTS, COLUMNS, filters_of(scored)):
            for row in batch.to_pylist():
                if row[SHOP] in self.shops:
                    yield self.document(scored, row, sold.get((row[SHOP], row[ITEM]), 0.0))

    def sold(self, month: date) -> Mapping[tuple[str, str], float]:
        """Return pair → units sold in a month."""
        if not log.exists(self.lake, CELLS):
            return {}
        rows = read_table(self.lake, CELLS, (SHOP, ITEM, "units"), [("month", "=", month)])
        keys = zip(rows[SHOP].to_pylist(), rows[ITEM].to_pylist(), strict=True)
        return dict(zip(keys, map(float, rows["units"].to_pylist()), strict=True))

    def document(self, scored: ScoredMonth, row: Mapping[str, Any], actual: float) -> Document:
        """Return the document of a pair."""
        shop_id, item_id = row[SHOP], row[ITEM]
        name, category = self.items.get(item_id, (None, None))
        has_interval = row["p10"] is not None and row["p90"] is not None
        covered = float(row["p10"] <= actual <= row["p90"]) if has_interval else None
        document = base(INDEX, scored.month)
        document["shopcast"] = {
            "version": scored.version,
            "horizon": scored.horizon,
            "shop": {"id": shop_id, "name": self.shops[shop_id]},
            "item": {"id": item_id, "name": name},
            "category": category,
            "rung": row["rung"],
            "forecast": row["units"],
            **{quantile: row[quantile] for quantile in QUANTILES},
            "actual": actual,
            "volume": abs(actual),
            "error": row["units"] - actual,
            "abs_error": abs(row["units"] - actual),
            "covered": covered,
            "digest": scored.digest,
        }
        return action(scored.index, (scored.version, shop_id, item_id), document)


def filters_of(scored: ScoredForecast | ScoredMonth) -> list[tuple[str, str, object]]:
    """Return the conditions on gold.forecasts that a scored month's rows meet."""
    return [("version", "=", scored.version), ("month", "=", scored.month)]


def distinct(lake: Lake, table: Table, column: str) -> set[str]:
    """Return the distinct values of a column; none if the table does not exist."""
    found: set[str] = set()
    if log.exists(lake, table):
        for batch in read_batches(lake, table, (column,), ()):
            found.update(batch[column].unique().to_pylist())
    return found


def names(lake: Lake, table: Table, key: str, column: str) -> dict[str, str | None]:
    """Return key → a column's value; empty if the table does not exist."""
    if not log.exists(lake, table):
        return {}
    rows: Iterable[dict[str, Any]] = read_table(lake, table, (key, column)).to_pylist()
    return {row[key]: row[column] for row in rows}
