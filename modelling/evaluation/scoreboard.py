"""Scoreboard: the scores of models pooled over months or segments, as numbers and as text."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date
from math import sqrt
from typing import TypeVar

from lakehouse.tables.gold import ALL_ROWS
from modelling.evaluation.metrics import OF_INTERVALS
from modelling.evaluation.score import Score
from modelling.evaluation.segments import SEGMENTS

Key = TypeVar("Key", bound=Hashable)
# Metric → value, pooled over scores.
Pooled = dict[str, float]
ALL_MONTHS = "all months"
MEANS = ("mae", "bias", *OF_INTERVALS)
WIDTH = 22


def of_all_rows(scores: Iterable[Score]) -> list[Score]:
    """Keep the scores of the segment ``all``, which contains every row."""
    return [score for score in scores if score.segment == ALL_ROWS]


def overall(scores: Iterable[Score]) -> dict[str, Pooled]:
    """Pool each model's scores of all rows over the months; every row has the same weight.

    Returns:
        Model → metrics of the model, ordered by RMSE, the smallest first.
    """
    pooled = pool_by(of_all_rows(scores), lambda score: score.model)
    return dict(sorted(pooled.items(), key=lambda entry: entry[1]["rmse"]))


def pool_by(scores: Iterable[Score], key: Callable[[Score], Key]) -> dict[Key, Pooled]:
    """Group scores by a key and pool each group: key → metrics."""
    groups: dict[Key, list[Score]] = defaultdict(list)
    for score in scores:
        groups[key(score)].append(score)
    return {value: pool(group) for value, group in groups.items()}


def pool_by_month(scores: Iterable[Score]) -> dict[tuple[date, str], Pooled]:
    """Pool scores by month and model."""
    return pool_by(scores, lambda score: (score.month, score.model))


def pool_by_segment(scores: Iterable[Score]) -> dict[tuple[str, str, str], Pooled]:
    """Pool scores over the months by segment, value and model."""
    return pool_by(scores, lambda score: (score.segment, score.value, score.model))


def pool(scores: Sequence[Score]) -> Pooled:
    """Pool scores of disjoint sets of rows into one; omit metrics that any score lacks.

    ``wape`` is also omitted if the volume is 0.
    """
    volume = sum(score.volume for score in scores)
    means = {"rmse": sqrt(mean(scores, [score.rmse**2 for score in scores]))}
    for name in MEANS:
        values = [value for score in scores if (value := score.metric(name)) is not None]
        if len(values) == len(scores):
            means[name] = mean(scores, values)
    absolute = sum(score.rows * score.mae for score in scores)
    shares = {"wape": absolute / volume} if volume else {}
    rounded = {name: round(value, 5) for name, value in {**means, **shares}.items()}
    return {"rows": sum(score.rows for score in scores), "volume": round(volume, 3), **rounded}


def mean(scores: Sequence[Score], values: Sequence[float]) -> float:
    """Average one value per score, weighted by the number of rows of the score."""
    rows = [score.rows for score in scores]
    return float(sum(n * value for n, value in zip(rows, values, strict=True)) / sum(rows))


def as_text(scores: Sequence[Score]) -> str:
    """Write two text tables, a column per model: RMSE and MAE by month, RMSE and bias by segment.

    The tables omit shops and categories: a lake may have hundreds.
    """
    models = list(overall(scores))
    by_month = pool_by_month(of_all_rows(scores))
    lines = [title("RMSE / MAE", models)]
    for month in sorted({month for month, _ in by_month}):
        lines.append(line(f"{month:%Y-%m}", [by_month[month, model] for model in models], "mae"))
    lines.append(line(ALL_MONTHS, overall(scores).values(), "mae"))
    return "\n".join(["", *lines, "", *segment_lines(scores, models)])


def segment_lines(scores: Sequence[Score], models: Sequence[str]) -> list[str]:
    """Write a title, and a line per scored value of the segments with declared values."""
    pooled = pool_by_segment(scores)
    declared = [(s.name, value) for s in SEGMENTS if s.name != ALL_ROWS for value in s.values]
    scored = [key for key in declared if (*key, models[0]) in pooled]
    return [
        title("RMSE / bias", models),
        *(line(" ".join(key), [pooled[*key, model] for model in models], "bias") for key in scored),
    ]


def title(measures: str, models: Iterable[str]) -> str:
    """Write the title line of a table: measures, then the models."""
    return f"{measures:<22}" + "".join(f"{model:>{WIDTH}}" for model in models)


def line(name: str, pooled: Iterable[Pooled], second: str) -> str:
    """Write a line of a table: RMSE and a second metric of each model, units."""
    cells = (f"{score['rmse']:.4f} / {score[second]:.4f}" for score in pooled)
    return f"{name:<22}" + "".join(f"{cell:>{WIDTH}}" for cell in cells)
