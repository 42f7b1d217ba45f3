"""Error plots: errors of models by month, by segment, and by shop or category."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from lakehouse.tables.gold import ALL_ROWS
from modelling.evaluation.score import Scores
from modelling.evaluation.scoreboard import of_all_rows, overall, pool_by_month, pool_by_segment
from modelling.evaluation.segments import SEGMENTS
from modelling.report.drawing import GREY, Styles, figure, legend, log_scale

IDS_SHOWN = 15


def errors_by_month(scores: Scores) -> Figure:
    """Draw RMSE and MAE by target month, a line per model."""
    models = list(overall(scores))
    by_month = pool_by_month(of_all_rows(scores))
    months = sorted({month for month, _ in by_month})
    drawing, axes = figure(1, 2, 3.4)
    for axis, metric in zip(axes, ("rmse", "mae"), strict=True):
        for model in models:
            values = [by_month[month, model][metric] for month in months]
            axis.plot(range(len(months)), values, **Styles(models).of(model), markersize=5)
        axis.set_xticks(range(len(months)), [f"{month:%b\n%Y}" for month in months])
        axis.set_ylim(bottom=0)
        axis.set(ylabel=f"{metric.upper()}, units", xlabel="month that was forecast")
    legend(drawing, axes[0])
    return drawing


def declared_values(scores: Scores) -> list[tuple[str, str]]:
    """List ``(segment, value)`` of the declared segments that were scored, in declared order."""
    scored = {(score.segment, score.value) for score in scores}
    declared = [(s.name, value) for s in SEGMENTS if s.name != ALL_ROWS for value in s.values]
    return [value for value in declared if value in scored]


def errors_by_segment(scores: Scores) -> Figure:
    """Draw RMSE (log scale) and bias by declared segment, a dot per model."""
    keys = declared_values(scores)
    labels = {key: f"{key[0]}: {key[1]}" for key in keys}
    return dots(scores, labels, "RMSE, units (log scale)")


def errors_by_id(scores: Scores, segment: str) -> Figure:
    """Draw the shops or categories with the largest sum of squared errors, a dot per model.

    The best model's errors decide which ids are shown, at most 15.
    """
    best = next(iter(overall(scores)))
    of_segment = [score for score in scores if score.segment == segment]
    weight = {
        key: errors["rows"] * errors["rmse"] ** 2
        for key, errors in pool_by_segment(of_segment).items()
        if key[2] == best
    }
    heavy = sorted(weight, key=lambda key: -weight[key])[:IDS_SHOWN]
    return dots(scores, {key[:2]: key[1] for key in heavy}, "RMSE, units (log scale)")


def dots(scores: Scores, labels: Mapping[tuple[str, str], str], measure: str) -> Figure:
    """Draw RMSE and bias of segment values, a row per value, from the top down."""
    models = list(overall(scores))
    pooled = pool_by_segment(scores)
    drawing, (left, right) = figure(1, 2, 1.4 + 0.3 * len(labels))
    places = range(len(labels))
    for axis, metric in ((left, "rmse"), (right, "bias")):
        for model in reversed(models):
            values = [pooled[*key, model][metric] for key in labels]
            axis.plot(
                values, places, linestyle="", markersize=6, alpha=0.9, **Styles(models).of(model)
            )
        axis.set_ylim(len(labels) - 0.5, -0.5)
    counts = [f"{name}  ({pooled[*key, models[0]]['rows']:,} rows)" for key, name in labels.items()]
    left.set_yticks(places, counts)
    log_scale(left.xaxis, left.set_xscale)
    right.set_yticks(places, [""] * len(labels))
    right.axvline(0, color=GREY, linewidth=1)
    left.set_xlabel(measure)
    right.set_xlabel("bias: mean of forecast − actual, units")
    legend(drawing, left, models)
    return drawing
