"""Tuning trials in gold.tunings, and the choice of the parameters with which jobs train."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

import pyarrow as pa

from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.log import exists
from lakehouse.lake import Lake
from lakehouse.profile.model import ModelConfig
from lakehouse.tables.gold import TUNINGS

PROFILE, TUNED = "profile", "tuned"
PARAMETERS = (
    "rounds",
    "max_depth",
    "learning_rate",
    "min_child_weight",
    "subsample",
    "colsample_bytree",
)


@dataclass(frozen=True)
class TuningRow:
    """A row of gold.tunings: a finished trial, whose columns the table declares."""

    study: str
    trial: int
    spine: str
    validated_from: date
    validated_through: date
    rounds: int
    max_depth: int
    learning_rate: float
    min_child_weight: float
    subsample: float
    colsample_bytree: float
    rmse: float
    seconds: float
    finished_at: datetime

    def section(self, given: ModelConfig) -> ModelConfig:
        """Return a profile's section ``model`` with the parameters of this trial."""
        tuned = {name: getattr(self, name) for name in PARAMETERS}
        return ModelConfig.model_validate({**given.model_dump(), **tuned})


@dataclass(frozen=True)
class Parameters:
    """Parameters to train with, and the source of the parameters.

    Attributes:
        model: the profile's section ``model``, with tuned values if any were chosen.
        source: the source in words, as part of a sentence.
    """

    model: ModelConfig
    source: str


def choose_parameters(
    lake: Lake, given: ModelConfig, choice: str, spine: str, first_scored: date | None = None
) -> Parameters:
    """Choose the parameters with which a job trains: tuned ones if allowed, or the profile's.

    Args:
        lake: the lake that has gold.tunings.
        given: the profile's section ``model``.
        choice: ``tuned`` or ``profile``.
        spine: spine of the rows to learn from; every spine is tuned separately.
        first_scored: first month that the job scores. Parameters validated on this month or a later
            month are not used: the scores would be too good. None: the job scores no month.
    """
    tuned = newest_best(lake, spine) if choice == TUNED else None
    if tuned is None:
        return Parameters(given, "the profile's" + (", none are tuned" if choice == TUNED else ""))
    through = tuned.validated_through
    if first_scored is not None and through >= first_scored:
        return Parameters(given, f"the profile's: the tuned ones were validated on {through:%Y-%m}")
    return Parameters(
        tuned.section(given), f"tuned on {tuned.validated_from:%Y-%m} to {through:%Y-%m}"
    )


def newest_best(lake: Lake, spine: str) -> TuningRow | None:
    """Return the best trial of the spine's most recent study; None: the spine has no trial."""
    rows = read_rows(lake, "spine", spine)
    newest = max(rows, key=lambda row: row.finished_at, default=None)
    if newest is None:
        return None
    of_study = [row for row in rows if row.study == newest.study]
    return min(of_study, key=lambda row: (row.rmse, row.trial))


def trials(lake: Lake, study: str) -> list[TuningRow]:
    """Read the trials of a study from gold.tunings, ordered by number."""
    return sorted(read_rows(lake, "study", study), key=lambda row: row.trial)


def read_rows(lake: Lake, column: str, value: str) -> list[TuningRow]:
    """Read the rows of gold.tunings with a value in a column."""
    if not exists(lake, TUNINGS):
        return []
    stored = read_table(lake, TUNINGS, filters=[(column, "=", value)])
    return [TuningRow(**row) for row in stored.to_pylist()]


def keep(lake: Lake, row: TuningRow) -> None:
    """Append a row with a finished trial to gold.tunings."""
    append_rows(lake, TUNINGS, pa.Table.from_pylist([asdict(row)], TUNINGS.schema))
