"""Champions by history: who was, who is, and what an interrupted decision left undone.

The row of gold.model_history is written before the MLflow alias moves, so that no champion changes
without a record; where the process died in between, the next run moves the alias.
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
    """What came of one horizon.

    Attributes:
        decision: as gold.model_history has it, or up to date.
        candidate: the registered version that it was about.
        champion: the champion from now on; None: there is none.
        reason: why, as sentences.
        table: the checks, as text; empty: there were none.
    """

    decision: str
    candidate: str
    champion: str | None
    reason: str
    table: str = ""

    @property
    def figures(self) -> dict[str, Any]:
        """The outcome without its table."""
        return {k: v for k, v in vars(self).items() if k != "table"}


@dataclass(frozen=True)
class Settlement:
    """What is to be done so that history and alias agree.

    Attributes:
        champion: the registered version that is the champion; None: there is none.
        moves_alias: the alias has yet to follow the newest decision.
        is_foreign: somebody else moved the alias; history has yet to say so.
    """

    champion: str | None
    moves_alias: bool = False
    is_foreign: bool = False


def settle(history: Sequence[Decision], alias: str | None) -> Settlement:
    """Compare the newest decision with the alias.

    Args:
        history: decisions of one horizon, oldest first.
        alias: the registered version that the alias names.
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
    """List the champions on whom one can fall back, the present one last.

    A champion that was rolled back is not among them; one that came back is there once.
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
    """Say whether a version lost its place by the last roll-back that it was in."""
    newest = None
    for decision in history:
        if decision["candidate"] == version and decision["decision"] != REFUSED:
            newest = decision["decision"]
    return newest == ROLLED_BACK


def same_refusal(history: Sequence[Decision], candidate: str, inputs: str) -> bool:
    """Say whether the newest decision already refused this candidate on these very figures."""
    newest = history[-1] if history else {}
    return (newest.get("decision"), newest.get("candidate"), newest.get("inputs")) == (
        REFUSED,
        candidate,
        inputs,
    )
