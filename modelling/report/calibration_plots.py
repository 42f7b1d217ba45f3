"""Calibration plots: forecasts against actuals, and coverage of the intervals."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from modelling.evaluation.diagnostics import CalibrationBin
from modelling.evaluation.score import Scores
from modelling.evaluation.scoreboard import pool_by_segment
from modelling.evaluation.segments import DEMAND
from modelling.report.drawing import GREY, Styles, figure, legend, log_scale


def calibration(bins: Sequence[CalibrationBin], models: Sequence[str]) -> Figure:
    """Draw mean actual against mean forecast per bin of the forecast, with two standard errors."""
    drawing, (axis,) = figure(1, 1, 4.6)
    limits: list[float] = []
    for model in models:
        of_model = [each for each in bins if each.model == model and each.rows > 1]
        rows, forecast, actual, squares = columns(of_model)
        forecast, actual, squares = forecast / rows, actual / rows, squares / rows
        spread = 2 * np.sqrt(np.maximum(squares - actual**2, 0) / rows)
        order = np.argsort(forecast)
        axis.errorbar(
            forecast[order], actual[order], yerr=spread[order],
            linewidth=1, capsize=2, markersize=5, **Styles(models).of(model),
        )  # fmt: skip
        limits += [*forecast[forecast > 0], *actual[actual > 0]]
    ends = [min(limits, default=0.01), max(limits, default=1.0)]
    axis.plot(ends, ends, color=GREY, linestyle="--", linewidth=1, label="as forecast")
    log_scale(axis.xaxis, axis.set_xscale)
    log_scale(axis.yaxis, axis.set_yscale)
    axis.set(xlim=(ends[0] / 1.5, ends[1] * 1.5), ylim=(ends[0] / 1.5, ends[1] * 1.5))
    axis.set(xlabel="mean forecast of the bin, units", ylabel="mean actual of the bin, units")
    legend(drawing, axis)
    return drawing


def columns(bins: Sequence[CalibrationBin]) -> npt.NDArray[np.float64]:
    """Return rows and sums of bins: ``[rows, forecast, actual, squares][bin]``."""
    sums = [(each.rows, each.forecast, each.actual, each.squares) for each in bins]
    return np.array(sums, float).reshape(len(bins), 4).T


def coverage(scores: Scores, models: Sequence[str]) -> Figure:
    """Draw the share of actuals within the 80 % interval per demand bin, in percent."""
    pooled = pool_by_segment(scores)
    values = [v for v in DEMAND.values if (DEMAND.name, v, models[0]) in pooled]
    drawing, (axis,) = figure(1, 1, 3.2)
    for model in models:
        shares = [100 * pooled[DEMAND.name, v, model]["coverage"] for v in values]
        axis.plot(range(len(values)), shares, markersize=6, **Styles(models).of(model))
    axis.axhspan(72, 88, color="#009E73", alpha=0.12, linewidth=0, label="72 to 88 %")
    axis.axhline(80, color=GREY, linestyle="--", linewidth=1, label="80 %")
    axis.set_xticks(range(len(values)), values)
    axis.set(xlabel="pair's mean monthly units over the last 12 months", ylim=(0, 102))
    axis.set_ylabel("actuals within p10 to p90, %")
    legend(drawing, axis)
    return drawing
