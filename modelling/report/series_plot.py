"""Series plot: forecasts against actual units of single pairs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, MonthLocator
from matplotlib.figure import Figure

from modelling.report.drawing import GREY, Rows, Styles, figure, legend


def series(actuals: Rows, forecasts: Rows, shown: Sequence[str]) -> Figure:
    """Draw actuals and forecasts of pairs, with the 80 % interval of models with quantiles.

    Args:
        actuals: ``shop_id, item_id, month, target``, units.
        forecasts: ``shop_id, item_id, month, model, forecast, p10, p90``, units; p10 and p90 are
            null for a model without quantiles.
        shown: names of the models to draw.
    """
    of_pair: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in forecasts:
        of_pair[row["shop_id"], row["item_id"]].append(row)
    made, axes = figure(max(1, -(-len(of_pair) // 2)), 2, 0.8 + 1.6 * -(-len(of_pair) // 2))
    for axis, (shop, item) in zip(axes, of_pair, strict=False):
        sold = sorted(
            (row["month"], row["target"])
            for row in actuals
            if (row["shop_id"], row["item_id"]) == (shop, item)
        )
        axis.plot(*zip(*sold, strict=True), color=GREY, linewidth=1.2, label="actual")
        for model in shown:
            mine = sorted((r for r in of_pair[shop, item] if r["model"] == model), key=by_month)
            draw_forecast(axis, mine, Styles(shown).of(model))
        dated(axis, f"shop {shop}, item {item}")
    for axis in axes[len(of_pair) :]:
        axis.set_visible(False)
    legend(made, axes[0])
    return made


def by_month(row: Mapping[str, Any]) -> date:
    """Return the month of a row, as a sort key."""
    month: date = row["month"]
    return month


def draw_forecast(axis: Axes, rows: Rows, style: dict[str, Any]) -> None:
    """Draw one model's forecasts of one pair, with the interval unless a quantile is null."""
    months = [row["month"] for row in rows]
    axis.plot(months, [row["forecast"] for row in rows], markersize=4, **style)
    if rows and all(row["p10"] is not None and row["p90"] is not None for row in rows):
        low, high = [row["p10"] for row in rows], [row["p90"] for row in rows]
        interval = {"alpha": 0.18, "linewidth": 0, "color": style["color"]}
        axis.fill_between(months, low, high, label=f"{style['label']}: p10 to p90", **interval)


def dated(axis: Axes, title: str) -> None:
    """Set title and labels of a series' axes; the month ticks fit the length of the series."""
    axis.set_title(title, fontsize=9, loc="left")
    axis.set_ylim(bottom=0)
    axis.set_ylabel("units", fontsize=8)
    axis.tick_params(labelsize=8)
    first, last = (int(end) for end in axis.get_xlim())
    axis.xaxis.set_major_locator(MonthLocator(interval=1 + (last - first) // 190))
    axis.xaxis.set_major_formatter(DateFormatter("%b %y"))
