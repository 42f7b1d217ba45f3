"""Report page: a backtest's results as one HTML page that needs no other file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from matplotlib.figure import Figure

from modelling.evaluation.diagnostics import CalibrationBin, SeriesActual, SeriesForecast
from modelling.evaluation.score import Scores
from modelling.evaluation.scoreboard import overall
from modelling.report import calibration_plots, error_plots
from modelling.report.drawing import data_uri
from modelling.report.importance_plot import importances
from modelling.report.series_plot import series

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
p, dl { max-width: 46rem; } img { width: 100%; height: auto; }
dl { display: grid; grid-template-columns: max-content auto; gap: .1rem 1rem; }
dt { color: #555; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; } th { color: #555; font-weight: 600; }
"""
METRICS = {
    "rmse": ("RMSE, units", "{:.4f}"),
    "mae": ("MAE, units", "{:.4f}"),
    "bias": ("bias, units", "{:+.4f}"),
    "wape": ("WAPE", "{:.1%}"),
    "coverage": ("actuals in p10–p90", "{:.1%}"),
}


@dataclass(frozen=True)
class Chapter:
    """The report's chapter about one horizon and source of actuals.

    Attributes:
        title: heading of the chapter.
        scores: scores of the folds.
        learned: names of the fitted models, in drawing order; all other models are naive.
        bins: bins of the forecast, summed over the folds.
        actuals: units of the largest pairs.
        forecasts: forecasts of the largest pairs.
        importance: model → measure of importance → feature → size.
    """

    title: str
    scores: Scores
    learned: Sequence[str]
    bins: Sequence[CalibrationBin] = ()
    actuals: Sequence[SeriesActual] = ()
    forecasts: Sequence[SeriesForecast] = ()
    importance: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class DrawnFigure:
    """A figure with the heading and the text above it."""

    heading: str
    text: str
    figure: Figure


def page(title: str, facts: Mapping[str, object], chapters: Sequence[Chapter]) -> str:
    """Write the report as an HTML page.

    Args:
        title: heading of the page.
        facts: name → value of the facts about the backtest, such as the lake and the months.
        chapters: the chapters, in order.
    """
    listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in facts.items())
    body = "".join(block for chapter in chapters for block in blocks(chapter))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1><dl>{listed}</dl>{body}</body></html>\n"
    )


def blocks(chapter: Chapter) -> Iterator[str]:
    """Write the HTML of one chapter: verdict, table, then each figure with its text."""
    title, sentence = escape(chapter.title), escape(verdict(chapter))
    yield f"<h2>{title}</h2><p>{sentence}</p>{table(chapter.scores)}"
    for drawn in (*error_figures(chapter), *model_figures(chapter)):
        heading = escape(drawn.heading)
        yield (
            f"<h3>{heading}</h3><p>{escape(drawn.text)}</p>"
            f'<img alt="{heading}" src="{data_uri(drawn.figure)}">'
        )


def verdict(chapter: Chapter) -> str:
    """Compare the best fitted model with the best naive baseline in one sentence."""
    pooled = overall(chapter.scores)
    best = next(model for model in pooled if model in chapter.learned)
    naive = next((model for model in pooled if model not in chapter.learned), None)
    size = pooled[best]["rmse"]
    sentence = f"{best} has the smallest RMSE of the models that learn, {size:.4f} units"
    if naive is None:
        return f"{sentence}; no naive baseline is defined for these months."
    ahead = 1 - size / pooled[naive]["rmse"]
    return (
        f"{sentence}: {abs(ahead):.1%} {'below' if ahead > 0 else 'ABOVE'} the best naive "
        f"baseline, {naive}, on the same {pooled[best]['rows']:,.0f} rows."
    )


def table(scores: Scores) -> str:
    """Write an HTML table of the errors over all months, a row per model."""
    pooled = overall(scores)
    heads = "".join(f"<th>{name}</th>" for name, _ in METRICS.values())
    lines = "".join(
        f"<tr><td>{escape(model)}</td>{''.join(cells(each))}</tr>" for model, each in pooled.items()
    )
    return f"<table><thead><tr><th>model</th>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def cells(score: Mapping[str, float]) -> Iterator[str]:
    """Write one model's metrics as HTML cells; a dash for a missing metric."""
    for metric, (_, form) in METRICS.items():
        yield f"<td>{form.format(score[metric]) if metric in score else '–'}</td>"


def error_figures(chapter: Chapter) -> Iterator[DrawnFigure]:
    """Draw the errors of a chapter by month, segment, shop and category."""
    yield DrawnFigure(
        "Error by month",
        "Every model on the same rows. Lower is better.",
        error_plots.errors_by_month(chapter.scores),
    )
    yield DrawnFigure(
        "Error by segment",
        "All months together. Demand: mean monthly units of the pair over the twelve months "
        "before. New: the item was first sold in the cutoff month, or never. Right of zero, the "
        "forecast is too high.",
        error_plots.errors_by_segment(chapter.scores),
    )
    for segment in ("shop", "category"):
        yield DrawnFigure(
            f"Error by {segment}",
            f"At most {error_plots.IDS_SHOWN} values: the largest sums of squared errors.",
            error_plots.errors_by_id(chapter.scores, segment),
        )


def model_figures(chapter: Chapter) -> Iterator[DrawnFigure]:
    """Draw a chapter's series, calibration, coverage and importance, where data is given."""
    if chapter.forecasts:
        yield DrawnFigure(
            "Forecast against actual",
            "The pairs that sold most in the year before the first month that was forecast.",
            series(chapter.actuals, chapter.forecasts, chapter.learned),
        )
    if chapter.bins:
        yield DrawnFigure(
            "Calibration",
            "Rows grouped by the size of their forecast; on the dashed line the actuals are, on "
            "average, what was forecast. Bars: two standard errors of the mean.",
            calibration_plots.calibration(chapter.bins, chapter.learned),
        )
    intervals = [m for m, each in overall(chapter.scores).items() if "coverage" in each]
    if intervals:
        yield DrawnFigure(
            "Coverage of the 80 % interval",
            "Share of actuals within p10 and p90, both included, by demand. Where most actuals are "
            "0, an interval that starts at 0 covers more than 80 % of them.",
            calibration_plots.coverage(chapter.scores, intervals),
        )
    for model, importance in chapter.importance.items():
        yield DrawnFigure(
            f"What {model} looks at",
            "The features that matter most to the model of the newest cutoff.",
            importances(importance),
        )
