"""Series plot: forecasts against actual units of single pairs."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, MonthLocator
from matplotlib.figure import Figure

from modelling.evaluation.diagnostics import Pair, SeriesActual, SeriesForecast
from modelling.report.drawing import GREY, Style, Styles, figure, legend


def series(
    actuals: Sequence[SeriesActual], forecasts: Sequence[SeriesForecast], shown: Sequence[str]
) -> Figure:
    """Draw actuals and forecasts of pairs, with the 80 % interval of models with quantiles.

    Args:
        actuals: units of the pairs.
        forecasts: forecasts of the pairs.
        shown: names of the models to draw.
    """
    of_pair: dict[Pair, list[SeriesForecast]] = defaultdict(list)
    for forecast in forecasts:
        of_pair[forecast.shop_id, forecast.item_id].append(forecast)
    lines = -(-len(of_pair) // 2)
    drawing, axes = figure(max(1, lines), 2, 0.8 + 1.6 * lines)
    for axis, (pair, of_models) in zip(axes, of_pair.items(), strict=False):
        sold = sorted((a.month, a.target) for a in actuals if (a.shop_id, a.item_id) == pair)
        axis.plot(*zip(*sold, strict=True), color=GREY, linewidth=1.2, label="actual")
        for model in shown:
            of_model = [forecast for forecast in of_models if forecast.model == model]
            of_model.sort(key=lambda forecast: forecast.month)
            draw_forecast(axis, of_model, Styles(shown).of(model))
        dated(axis, f"shop {pair[0]}, item {pair[1]}")
    for axis in axes[len(of_pair) :]:
        axis.set_visible(False)
    legend(drawing, axes[0])
    return drawing


def draw_forecast(axis: Axes, forecasts: Sequence[SeriesForecast], style: Style) -> None:
    """Draw one model's forecasts of one pair, with the interval unless a quantile is null."""
    months = np.array([each.month for each in forecasts], "datetime64[D]")
    axis.plot(months, [each.forecast for each in forecasts], markersize=4, **style)
    low = [each.p10 for each in forecasts if each.p10 is not None]
    high = [each.p90 for each in forecasts if each.p90 is not None]
    if forecasts and len(low) == len(high) == len(forecasts):
        label, color = f"{style['label']}: p10 to p90", style["color"]
        axis.fill_between(months, low, high, label=label, alpha=0.18, linewidth=0, color=color)


def dated(axis: Axes, title: str) -> None:
    """Set title and labels of a series' axes; the month ticks fit the length of the series."""
    axis.set_title(title, fontsize=9, loc="left")
    axis.set_ylim(bottom=0)
    axis.set_ylabel("units", fontsize=8)
    axis.tick_params(labelsize=8)
    first, last = (int(end) for end in axis.get_xlim())
    axis.xaxis.set_major_locator(MonthLocator(interval=1 + (last - first) // 190))
    axis.xaxis.set_major_formatter(DateFormatter("%b %y"))
