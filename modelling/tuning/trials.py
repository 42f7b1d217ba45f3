"""The trials of tuning as the lake keeps them, and the parameters that jobs take from them."""

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
    """Parameters to train with, and where they are from.

    Attributes:
        model: the profile's section, perhaps with tuned values.
        source: a sentence's part, for a person.
    """

    model: Model
    source: str


def chosen(lake: Lake, choice: str, spine: str, first_scored: date | None = None) -> Parameters:
    """Return the parameters that a job trains with.

    Args:
        lake: where tunings are kept.
        choice: ``tuned`` or ``profile``.
        spine: rows that are learned from; each is tuned apart.
        first_scored: first month that is reported; parameters tuned on it, or later, would not be
            an honest guess. None: nothing is reported.
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
    """Return the best trial of the study that was worked on last; None where there is none."""
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
    """Return the trials of a study, in their order."""
    if not exists(lake, TUNINGS):
        return []
    found = read_table(lake, TUNINGS, filters=[("study", "=", study)]).to_pylist()
    return sorted(found, key=lambda row: int(row["trial"]))


def keep(lake: Lake, row: dict[str, Any]) -> None:
    """Keep a finished trial."""
    append_rows(lake, TUNINGS, pa.Table.from_pylist([row], TUNINGS.schema))
