"""Forecasts due for scoring: served, of a closed month, not yet scored against its sales."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from forecasting.versions import ForecastVersion
from lakehouse.month_range import MonthRange


@dataclass(frozen=True)
class DueForecasts:
    """A version's forecasts of one month, which are due for scoring.

    Attributes:
        version: name of the forecast version.
        month: target month, closed.
        horizon: months from the version's cutoff to the target month.
        run: MLflow run that made the model.
        cells: digest of the month's sales cells; ``none`` if the month has no cells.
    """

    version: str
    month: date
    horizon: int
    run: str
    cells: str


def changed_months(cells: Mapping[date, str], scored: Mapping[tuple[str, date], str]) -> set[date]:
    """Return the months whose sales changed after a version's forecasts of them were scored."""
    return {month for (_, month), digest in scored.items() if digest_of(cells, month) != digest}


def digest_of(cells: Mapping[date, str], month: date) -> str:
    """Return the digest of a month's sales cells; ``none`` if the month has no cells."""
    return cells.get(month, "none")


def due_for_scoring(
    versions: Iterable[ForecastVersion],
    closed: MonthRange,
    cells: Mapping[date, str],
    scored: Mapping[tuple[str, date], str],
) -> Iterator[DueForecasts]:
    """List the forecasts to score, ordered by version, the oldest first, and horizon.

    A version withdrawn before a month began is not scored in that month. Forecasts are scored again
    when the month's sales have changed.

    Args:
        versions: the forecast versions.
        closed: the closed months.
        cells: month → digest of the month's sales cells; a month without cells is missing.
        scored: version and month → digest of the sales cells that the scores are based on.
    """
    for version in sorted(versions, key=lambda version: version.version):
        for horizon, run in sorted(version.models.items()):
            month = version.months[horizon]
            if month not in closed or version.was_withdrawn_before(month):
                continue
            digest = digest_of(cells, month)
            if scored.get((version.version, month)) != digest:
                yield DueForecasts(version.version, month, horizon, run, digest)
