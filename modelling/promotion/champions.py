"""Champions by history: past champions, the current one, and repair of interrupted decisions.

jobs.promote writes the row of gold.model_history before the job moves the MLflow alias, so that no
champion changes without a record. If the process dies in between, the next run moves the alias.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PROMOTED, FORCED, REFUSED = "promoted", "forced", "refused"
ROLLED_BACK, FOUND = "rolled back", "found"
UP_TO_DATE = "up to date"
Decision = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """The decision about the champion of one horizon.

    Attributes:
        decision: a decision of gold.model_history, or ``up to date``.
        candidate: the registered version that was decided about.
        champion: the registered version that is the champion after the decision; None: no champion.
        reason: the reason of the decision, in sentences.
        table: the gate's checks as a text table; empty: the gate checked nothing.
    """

    decision: str
    candidate: str
    champion: str | None
    reason: str
    table: str = ""

    @property
    def figures(self) -> dict[str, Any]:
        """The outcome's fields except ``table``."""
        return {k: v for k, v in vars(self).items() if k != "table"}


@dataclass(frozen=True)
class Settlement:
    """The repair that makes gold.model_history and the MLflow alias agree.

    Attributes:
        champion: the registered version that is the champion; None: no champion.
        moves_alias: whether the alias must still move to the champion of the newest decision.
        is_foreign: whether something other than jobs.promote moved the alias, so that history must
            still record the new champion.
    """

    champion: str | None
    moves_alias: bool = False
    is_foreign: bool = False


def settle(history: Sequence[Decision], alias: str | None) -> Settlement:
    """Compare the newest decision with the MLflow alias and return the repair.

    Args:
        history: decisions of one horizon, oldest first.
        alias: the registered version that the alias names; None: MLflow has no such alias.
    """
    if not history:
        return Settlement(alias, is_foreign=alias is not None)
    newest = history[-1]
    if alias == newest["champion_after"]:
        return Settlement(alias)
    if alias == newest["champion"]:
        return Settlement(newest["champion_after"], moves_alias=True)
    return Settlement(alias, is_foreign=True)


def reign(history: Iterable[Decision]) -> list[str]:
    """List the champions to which a roll-back can return, oldest first, the current one last.

    The list omits champions that were rolled back, and has a champion that came back only once.
    """
    found: list[str] = []
    for decision in history:
        champion = decision["champion_after"]
        if champion in found:
            del found[found.index(champion) + 1 :]
        elif champion is not None:
            found.append(champion)
    return found


def was_rolled_back(history: Iterable[Decision], version: str) -> bool:
    """Check whether the newest decision about a version, refusals aside, is its roll-back."""
    newest = None
    for decision in history:
        if decision["candidate"] == version and decision["decision"] != REFUSED:
            newest = decision["decision"]
    return newest == ROLLED_BACK


def same_refusal(history: Sequence[Decision], candidate: str, inputs: str) -> bool:
    """Check whether the newest decision already refused this candidate on the same inputs."""
    newest = history[-1] if history else {}
    return (newest.get("decision"), newest.get("candidate"), newest.get("inputs")) == (
        REFUSED,
        candidate,
        inputs,
    )
