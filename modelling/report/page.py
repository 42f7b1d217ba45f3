"""Report page: a backtest's results as one HTML page that needs no other file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from matplotlib.figure import Figure

from modelling.evaluation.scoreboard import overall
from modelling.report import calibration_plots, error_plots
from modelling.report.drawing import Rows, data_uri
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
class Part:
    """The report's chapter about one horizon and source of actuals.

    Attributes:
        title: heading of the chapter.
        scores: rows of gold.backtests.
        learned: names of the fitted models, in drawing order; all other models are naive.
        bins: rows of ``diagnostics.calibration``, summed over the folds.
        actuals: rows of ``diagnostics.series_actuals``.
        forecasts: rows of ``diagnostics.series_forecasts``.
        importance: model → measure of importance → feature → size.
    """

    title: str
    scores: Rows
    learned: Sequence[str]
    bins: Rows = ()
    actuals: Rows = ()
    forecasts: Rows = ()
    importance: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)


def page(title: str, facts: Mapping[str, object], parts: Sequence[Part]) -> str:
    """Write the report as an HTML page.

    Args:
        title: heading of the page.
        facts: name → value of the facts about the backtest, such as the lake and the months.
        parts: the chapters, in order.
    """
    listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in facts.items())
    found = "".join(block for part in parts for block in blocks(part))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1><dl>{listed}</dl>{found}</body></html>\n"
    )


def blocks(part: Part) -> Iterator[str]:
    """Write the HTML of one chapter: verdict, table, then each figure with its text."""
    yield f"<h2>{escape(part.title)}</h2><p>{escape(verdict(part))}</p>{table(part.scores)}"
    for heading, text, made in figures(part):
        yield (
            f"<h3>{escape(heading)}</h3><p>{escape(text)}</p>"
            f'<img alt="{escape(heading)}" src="{data_uri(made)}">'
        )


def verdict(part: Part) -> str:
    """Compare the best fitted model with the best naive baseline in one sentence."""
    pooled = overall(part.scores)
    best = next(model for model in pooled if model in part.learned)
    naive = next((model for model in pooled if model not in part.learned), None)
    said = (
        f"{best} has the smallest RMSE of the models that learn, {pooled[best]['rmse']:.4f} units"
    )
    if naive is None:
        return f"{said}; no naive baseline is defined for these months."
    ahead = 1 - pooled[best]["rmse"] / pooled[naive]["rmse"]
    return (
        f"{said}: {abs(ahead):.1%} {'below' if ahead > 0 else 'ABOVE'} the best naive baseline, "
        f"{naive}, on the same {pooled[best]['rows']:,.0f} rows."
    )


def table(scores: Rows) -> str:
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


def figures(part: Part) -> Iterator[tuple[str, str, Figure]]:
    """Draw the figures of a chapter, and yield heading, text and figure of each."""
    yield (
        "Error by month",
        "Every model on the same rows. Lower is better.",
        error_plots.errors_by_month(part.scores),
    )
    yield (
        "Error by segment",
        "All months together. Demand: mean monthly units of the pair over the twelve months "
        "before. New: the item was first sold in the cutoff month, or never. Right of zero, the "
        "forecast is too high.",
        error_plots.errors_by_segment(part.scores),
    )
    for segment in ("shop", "category"):
        yield (
            f"Error by {segment}",
            f"Those whose squared errors add up to most, {error_plots.IDS_SHOWN} at most.",
            error_plots.errors_by_id(part.scores, segment),
        )
    if part.forecasts:
        yield (
            "Forecast against actual",
            "The pairs that sold most in the year before the first month that was forecast.",
            series(part.actuals, part.forecasts, part.learned),
        )
    if part.bins:
        yield (
            "Calibration",
            "Rows grouped by the size of their forecast; on the dashed line the actuals are, on "
            "average, what was forecast. Bars: two standard errors of the mean.",
            calibration_plots.calibration(part.bins, part.learned),
        )
    intervals = [m for m, each in overall(part.scores).items() if "coverage" in each]
    if intervals:
        yield (
            "Coverage of the 80 % interval",
            "Share of actuals within p10 and p90, both included, by demand. Where most actuals are "
            "0, an interval that starts at 0 covers more than 80 % of them.",
            calibration_plots.coverage(part.scores, intervals),
        )
    for model, importance in part.importance.items():
        yield (
            f"What {model} looks at",
            "The features that matter most to the model of the newest cutoff.",
            importances(importance),
        )
