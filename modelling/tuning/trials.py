"""Tuning trials in gold.tunings, and the choice of the parameters with which jobs train."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.log import exists
from lakehouse.lake import Lake
from lakehouse.profile.model import Model
from lakehouse.profile.stored import stored_profile
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
class Parameters:
    """Parameters to train with, and the source of the parameters.

    Attributes:
        model: the profile's section ``model``, with tuned values if any were chosen.
        source: the source in words, as part of a sentence.
    """

    model: Model
    source: str


def chosen(lake: Lake, choice: str, spine: str, first_scored: date | None = None) -> Parameters:
    """Choose the parameters with which a job trains: tuned ones if allowed, or the profile's.

    Args:
        lake: the lake that has gold.tunings.
        choice: ``tuned`` or ``profile``.
        spine: spine of the rows to learn from; every spine is tuned separately.
        first_scored: first month that the job scores. Parameters validated on this month or a later
            month are not used: the scores would be too good. None: the job scores no month.
    """
    given = stored_profile(lake).model
    found = newest_best(lake, spine) if choice == TUNED else None
    if found is None:
        return Parameters(given, "the profile's" + (", none are tuned" if choice == TUNED else ""))
    through = found["validated_through"]
    if first_scored is not None and through >= first_scored:
        return Parameters(given, f"the profile's: the tuned ones have seen {through:%Y-%m}")
    tuned = {name: found[name] for name in PARAMETERS}
    return Parameters(
        Model.model_validate({**given.model_dump(), **tuned}),
        f"tuned on {found['validated_from']:%Y-%m} to {through:%Y-%m}",
    )


def newest_best(lake: Lake, spine: str) -> dict[str, Any] | None:
    """Return the best trial of the spine's most recent study; None: the spine has no trial."""
    if not exists(lake, TUNINGS):
        return None
    rows: list[dict[str, Any]] = read_table(
        lake, TUNINGS, filters=[("spine", "=", spine)]
    ).to_pylist()
    newest = max(rows, key=lambda row: row["finished_at"], default=None)
    if newest is None:
        return None
    mine = [row for row in rows if row["study"] == newest["study"]]
    return min(mine, key=lambda row: (row["rmse"], row["trial"]))


def trials(lake: Lake, study: str) -> list[dict[str, Any]]:
    """Read the trials of a study from gold.tunings, ordered by number."""
    if not exists(lake, TUNINGS):
        return []
    found = read_table(lake, TUNINGS, filters=[("study", "=", study)]).to_pylist()
    return sorted(found, key=lambda row: int(row["trial"]))


def keep(lake: Lake, row: dict[str, Any]) -> None:
    """Append a row with a finished trial to gold.tunings."""
    append_rows(lake, TUNINGS, pa.Table.from_pylist([row], TUNINGS.schema))
