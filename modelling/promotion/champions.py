"""Champions: the champion of a horizon is the version that the newest decision names.

gold.model_history alone decides. The MLflow alias ``champion`` is a label for people who look at
MLflow: jobs.promote writes the label after the decision and corrects a label that differs.
"""

from collections.abc import Sequence

from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from modelling.promotion.history import REFUSED, ROLLED_BACK, Decision, decisions
from modelling.registry.registry import CANDIDATE, Registered, Registry

History = Sequence[Decision]


def champion_of(history: History) -> str | None:
    """Return the registered version that is the champion; None: the horizon has no champion.

    Args:
        history: decisions about one horizon, oldest first.
    """
    return history[-1].champion_after if history else None


def find_champion(lake: Lake, registry: Registry, horizon: int) -> Registered | None:
    """Find the champion of a horizon; None: no champion, or MLflow has lost the version."""
    version = champion_of(decisions(lake, horizon))
    return None if version is None else registry.find(version, horizon)


def require_champion(lake: Lake, registry: Registry, horizon: int) -> Registered:
    """Return the champion of a horizon.

    Raises:
        RefusedError: the horizon has no champion, or MLflow has lost the version; the error says
            whether to train or promote.
    """
    version = champion_of(decisions(lake, horizon))
    if version is not None:
        return registry.version(version, horizon)
    name, candidate = registry.name(horizon), registry.aliased(CANDIDATE, horizon)
    if candidate is None:
        raise RefusedError(
            f"{name}: no model yet; run jobs.train --horizons {horizon}, then "
            f"jobs.promote --horizons {horizon}."
        )
    raise RefusedError(
        f"{name}: version {candidate.version} is a candidate and none is the champion; run "
        f"jobs.promote --horizons {horizon}, which says why the candidate is refused."
    )


def list_restorable(history: History) -> list[str]:
    """List the champions to which a roll-back can return, oldest first, the present one last.

    The list omits champions that were rolled back, and has a champion that came back only once.
    """
    champions: list[str] = []
    for decision in history:
        champion = decision.champion_after
        if champion in champions:
            del champions[champions.index(champion) + 1 :]
        elif champion is not None:
            champions.append(champion)
    return champions


def was_rolled_back(history: History, version: str) -> bool:
    """Check whether the newest decision about a version, refusals aside, is its roll-back."""
    newest = None
    for decision in history:
        if decision.candidate == version and decision.decision != REFUSED:
            newest = decision.decision
    return newest == ROLLED_BACK


def is_same_refusal(history: History, candidate: str, inputs: str) -> bool:
    """Check whether the newest decision already refused this candidate on the same inputs."""
    if not history:
        return False
    newest = history[-1]
    refusal = (newest.decision, newest.candidate, newest.inputs)
    return refusal == (REFUSED, candidate, inputs)
