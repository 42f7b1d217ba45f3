"""Scores of models by month, and over all months, as figures and as text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Any

Score = Mapping[str, Any]
ALL_MONTHS = "all months"


def overall(scores: Iterable[Score]) -> dict[str, dict[str, float]]:
    """Pool the scores of each model over its months, every row counting the same.

    Args:
        scores: ``month, model, rows, rmse, mae, bias``.

    Returns:
        Model → rows, rmse, mae and bias, the smallest rmse first.
    """
    by_model: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        by_model[score["model"]].append(score)
    pooled = {model: pool(mine) for model, mine in by_model.items()}
    return dict(sorted(pooled.items(), key=lambda entry: entry[1]["rmse"]))


def pool(scores: list[Score]) -> dict[str, float]:
    """Pool scores of different rows."""
    rows = sum(score["rows"] for score in scores)
    return {
        "rows": rows,
        "rmse": round(sqrt(sum(s["rows"] * s["rmse"] ** 2 for s in scores) / rows), 5),
        "mae": round(sum(s["rows"] * s["mae"] for s in scores) / rows, 5),
        "bias": round(sum(s["rows"] * s["bias"] for s in scores) / rows, 5),
    }


def as_text(scores: Sequence[Score]) -> str:
    """Write a table: a line per month, a column per model, RMSE / MAE in units."""
    models = list(overall(scores))
    found = {(score["month"], score["model"]): score for score in scores}
    lines = [f"{'RMSE / MAE':<12}" + "".join(f"{model:>24}" for model in models)]
    for month in sorted({score["month"] for score in scores}):
        lines.append(line(f"{month:%Y-%m}", [found[month, model] for model in models]))
    lines.append(line(ALL_MONTHS, overall(scores).values()))
    return "\n".join(["", *lines])


def line(title: str, scores: Iterable[Score]) -> str:
    """Write one line of the table."""
    cells = (f"{score['rmse']:.4f} / {score['mae']:.4f}" for score in scores)
    return f"{title:<12}" + "".join(f"{cell:>24}" for cell in cells)
