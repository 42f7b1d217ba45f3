"""Scoreboard: the scores of models pooled over months or segments, as numbers and as text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Any

from modelling.evaluation.metrics import OF_INTERVALS
from modelling.evaluation.segments import ALL, SEGMENTS

Score = Mapping[str, Any]
ALL_MONTHS = "all months"
MEANS = ("mae", "bias", *OF_INTERVALS)
WIDTH = 22


def of_all_rows(scores: Iterable[Score]) -> list[Score]:
    """Keep the scores of the segment ``all``, which contains every row."""
    return [score for score in scores if score["segment"] == ALL]


def overall(scores: Iterable[Score]) -> dict[str, dict[str, float]]:
    """Pool each model's scores of all rows over the months; every row has the same weight.

    Args:
        scores: ``month, segment, value, model`` and metrics; only the segment ``all`` is pooled.

    Returns:
        Model → metrics of the model, ordered by RMSE, the smallest first.
    """
    pooled = {model: each for (model,), each in pool_by(of_all_rows(scores), "model").items()}
    return dict(sorted(pooled.items(), key=lambda entry: entry[1]["rmse"]))


def pool_by(scores: Iterable[Score], *by: str) -> dict[tuple[Any, ...], dict[str, float]]:
    """Group scores by fields and pool each group: values of the fields → metrics."""
    apart: dict[tuple[Any, ...], list[Score]] = defaultdict(list)
    for score in scores:
        apart[tuple(score[name] for name in by)].append(score)
    return {values: pool(mine) for values, mine in apart.items()}


def pool(scores: Sequence[Score]) -> dict[str, float]:
    """Pool scores of disjoint sets of rows into one; omit metrics that any score lacks.

    ``wape`` is also omitted if the volume is 0.
    """
    volume = sum(score["volume"] for score in scores)
    means = {
        "rmse": sqrt(mean(scores, [score["rmse"] ** 2 for score in scores])),
        **{name: mean(scores, [s[name] for s in scores]) for name in MEANS if has(scores, name)},
    }
    absolute = sum(score["rows"] * score["mae"] for score in scores)
    shares = {"wape": absolute / volume} if volume else {}
    rounded = {name: round(value, 5) for name, value in {**means, **shares}.items()}
    return {"rows": sum(score["rows"] for score in scores), "volume": round(volume, 3), **rounded}


def has(scores: Sequence[Score], metric: str) -> bool:
    """Check whether every score has a metric, not null."""
    return all(score[metric] is not None for score in scores)


def mean(scores: Sequence[Score], values: Sequence[float]) -> float:
    """Average one value per score, weighted by the number of rows of the score."""
    rows = [score["rows"] for score in scores]
    return float(sum(n * value for n, value in zip(rows, values, strict=True)) / sum(rows))


def as_text(scores: Sequence[Score]) -> str:
    """Write two text tables, a column per model: RMSE and MAE by month, RMSE and bias by segment.

    The tables omit shops and categories: a lake may have hundreds.
    """
    models = list(overall(scores))
    by_month = pool_by(of_all_rows(scores), "month", "model")
    lines = [title("RMSE / MAE", models)]
    for month in sorted({month for month, _ in by_month}):
        lines.append(line(f"{month:%Y-%m}", [by_month[month, model] for model in models], "mae"))
    lines.append(line(ALL_MONTHS, overall(scores).values(), "mae"))
    return "\n".join(["", *lines, "", *segment_lines(scores, models)])


def segment_lines(scores: Sequence[Score], models: Sequence[str]) -> list[str]:
    """Write a title, and a line per scored value of the segments with declared values."""
    pooled = pool_by(scores, "segment", "value", "model")
    known = [(s.name, value) for s in SEGMENTS if s.name != ALL for value in s.values]
    there = [key for key in known if (*key, models[0]) in pooled]
    return [
        title("RMSE / bias", models),
        *(line(" ".join(key), [pooled[*key, model] for model in models], "bias") for key in there),
    ]


def title(measures: str, models: Iterable[str]) -> str:
    """Write the title line of a table: measures, then the models."""
    return f"{measures:<22}" + "".join(f"{model:>{WIDTH}}" for model in models)


def line(name: str, scores: Iterable[Score], second: str) -> str:
    """Write a line of a table: RMSE and a second metric of each model, units."""
    cells = (f"{score['rmse']:.4f} / {score[second]:.4f}" for score in scores)
    return f"{name:<22}" + "".join(f"{cell:>{WIDTH}}" for cell in cells)
