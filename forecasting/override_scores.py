"""Override scores: planners' numbers and the model's, against the sales of closed months."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pyarrow as pa

from features.feature_set import TARGET, FeatureSet
from features.group import ITEM, SHOP
from features.tables import monthly_table
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.replacement import replace_rows
from lakehouse.lake import Lake
from lakehouse.overrides import Override, current_overrides, read_overrides
from lakehouse.tables.overrides import OVERRIDE_SCORES
from lakehouse.tables.silver import MONTHS

Pair = tuple[str, str]


@dataclass(frozen=True)
class OverrideScore:
    """The overrides of a shop with one reason, against what was sold.

    Attributes:
        month: target month, closed.
        shop_id: shop.
        reason: reason code.
        rows: number of overrides.
        better: overrides nearer to the sales than the model.
        actual: units sold.
        units: units that planners expected.
        forecast: units that the model forecast.
        model_error: sum of the model's absolute errors, units.
        override_error: sum of the overrides' absolute errors, units.
    """

    month: date
    shop_id: str
    reason: str
    rows: int
    better: int
    actual: float
    units: float
    forecast: float
    model_error: float
    override_error: float

    @property
    def fva(self) -> float:
        """Forecast value added, units: how much smaller the overrides' error is."""
        return self.model_error - self.override_error


@dataclass(frozen=True)
class ScoredOverride:
    """An override, the model's number beside it, and what was sold; units."""

    override: Override
    units: float
    forecast: float
    actual: float


@dataclass(frozen=True)
class DueOverrides:
    """The overrides of a closed month that are to be scored.

    Attributes:
        month: the month.
        overrides: what counted when the month was closed; may be empty if all were withdrawn.
        inputs: digest of the month's sales and these overrides.
    """

    month: date
    overrides: Sequence[Override]
    inputs: str


def list_due_overrides(
    lake: Lake, sold: Mapping[date, str], asked: date | None
) -> list[DueOverrides]:
    """List the closed months whose overrides are not scored against the month's present sales.

    Args:
        lake: the lake that has the overrides.
        sold: month → digest of the month's sales cells.
        asked: the month to look at; None: all months.
    """
    by_month: dict[date, list[Override]] = {}
    for override in read_overrides(lake, [] if asked is None else [("month", "=", asked)]):
        by_month.setdefault(override.month, []).append(override)
    if not by_month:
        return []
    closings, scored = read_closings(lake), read_scored(lake)
    due = [
        count_overrides(month, of_month, closings[month], sold.get(month, "none"))
        for month, of_month in sorted(by_month.items())
        if month in closings
    ]
    return [
        d for d in due if scored.get(d.month) != d.inputs and (d.overrides or d.month in scored)
    ]


def count_overrides(
    month: date, overrides: Iterable[Override], closed_at: datetime | None, cells: str
) -> DueOverrides:
    """Keep the newest override of each pair that was recorded before the month was closed.

    An override of a pair that the model did not forecast is left out: nothing stands beside it.
    """
    in_time = [o for o in overrides if closed_at is None or o.recorded_at < closed_at]
    counted = [o for o in current_overrides(in_time).values() if o.forecast is not None]
    rows = sorted([override.change, *override.cell] for override in counted)
    return DueOverrides(month, counted, log.digest([cells, rows]))


def read_closings(lake: Lake) -> dict[date, datetime | None]:
    """Return closed month → when the month was closed; None: not recorded."""
    rows = read_table(lake, MONTHS, filters=[("status", "=", "closed")]).to_pylist()
    return {row["month"]: row["closed_at"] for row in rows}


def read_scored(lake: Lake) -> dict[date, str]:
    """Return scored month → digest of the sales and overrides that were scored."""
    if not log.exists(lake, OVERRIDE_SCORES):
        return {}
    rows = read_table(lake, OVERRIDE_SCORES, ["month", "inputs"]).to_pylist()
    return {row["month"]: row["inputs"] for row in rows}


def score_overrides(lake: Lake, features: FeatureSet, due: DueOverrides) -> list[OverrideScore]:
    """Score a month's overrides by shop and reason."""
    sold = read_sold(lake, features, due.month)
    groups: dict[Pair, list[ScoredOverride]] = {}
    for override in due.overrides:
        assert override.units is not None
        assert override.forecast is not None
        actual = sold.get((override.shop_id, override.item_id), 0.0)
        scored = ScoredOverride(override, override.units, override.forecast, actual)
        groups.setdefault((override.shop_id, override.reason or ""), []).append(scored)
    return [score_group(due.month, group, rows) for group, rows in sorted(groups.items())]


def read_sold(lake: Lake, features: FeatureSet, month: date) -> dict[Pair, float]:
    """Return shop and item → units sold in a month; pairs without a sale are missing."""
    table = monthly_table(features.groups[0])
    cells = read_table(lake, table, [SHOP, ITEM, TARGET], [("month", "=", month)]).to_pylist()
    return {(cell[SHOP], cell[ITEM]): float(cell[TARGET]) for cell in cells}


def score_group(month: date, group: Pair, rows: Sequence[ScoredOverride]) -> OverrideScore:
    """Score the overrides of a shop with one reason."""
    errors = [(abs(row.forecast - row.actual), abs(row.units - row.actual)) for row in rows]
    return OverrideScore(
        month=month,
        shop_id=group[0],
        reason=group[1],
        rows=len(rows),
        better=sum(override < model for model, override in errors),
        actual=sum(row.actual for row in rows),
        units=sum(row.units for row in rows),
        forecast=sum(row.forecast for row in rows),
        model_error=sum(model for model, _ in errors),
        override_error=sum(override for _, override in errors),
    )


def store_override_scores(
    lake: Lake, due: DueOverrides, scores: Sequence[OverrideScore], now: datetime
) -> None:
    """Replace the scores of a month in gold.override_scores."""
    common = {"inputs": due.inputs, "scored_at": now}
    rows = [{**asdict(score), "fva": score.fva, **common} for score in scores]
    table = pa.Table.from_pylist(rows, OVERRIDE_SCORES.schema)
    replace_rows(lake, OVERRIDE_SCORES, table, {"month": due.month})


def summarise(scores: Sequence[OverrideScore]) -> dict[str, object]:
    """Sum scores for the result line: rows, errors and value added, in all and by reason."""
    reasons = sorted({score.reason for score in scores})
    return {
        "months": len({score.month for score in scores}),
        "rows": sum(score.rows for score in scores),
        "model_error": sum(score.model_error for score in scores),
        "override_error": sum(score.override_error for score in scores),
        "fva": sum(score.fva for score in scores),
        "fva_by_reason": {
            reason: sum(score.fva for score in scores if score.reason == reason)
            for reason in reasons
        },
    }
