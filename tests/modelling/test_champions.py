"""Whatever the history of decisions, who the champion is and what is left to do is told from it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelling.promotion.champions import (
    FOUND,
    PROMOTED,
    REFUSED,
    ROLLED_BACK,
    Settlement,
    reign,
    same_refusal,
    settle,
    was_rolled_back,
)


def decision(kind: str, candidate: str, before: str | None, after: str | None) -> dict[str, Any]:
    return {
        "decision": kind,
        "candidate": candidate,
        "champion": before,
        "champion_after": after,
        "inputs": "i",
    }


FIRST = decision(PROMOTED, "1", None, "1")
SECOND = decision(PROMOTED, "2", "1", "2")
BACK = decision(ROLLED_BACK, "2", "2", "1")
NOT_THIRD = decision(REFUSED, "3", "2", "2")


@pytest.mark.parametrize(
    ("history", "alias", "wanted"),
    [
        ([], None, Settlement(None)),
        ([], "4", Settlement("4", is_foreign=True)),
        ([FIRST], "1", Settlement("1")),
        ([FIRST], None, Settlement("1", moves_alias=True)),
        ([FIRST, SECOND], "1", Settlement("2", moves_alias=True)),
        ([FIRST, SECOND, BACK], "2", Settlement("1", moves_alias=True)),
        ([FIRST, SECOND, NOT_THIRD], "2", Settlement("2")),
        ([FIRST, SECOND], "9", Settlement("9", is_foreign=True)),
    ],
)
def test_history_and_alias_are_brought_to_agree(
    history: list[dict[str, Any]], alias: str | None, wanted: Settlement
) -> None:
    assert settle(history, alias) == wanted


@pytest.mark.parametrize(
    ("history", "wanted"),
    [
        ([], []),
        ([FIRST], ["1"]),
        ([FIRST, SECOND, NOT_THIRD], ["1", "2"]),
        ([FIRST, SECOND, BACK], ["1"]),
        ([FIRST, SECOND, BACK, decision(PROMOTED, "3", "1", "3")], ["1", "3"]),
        ([FIRST, decision(FOUND, "9", "1", "9")], ["1", "9"]),
        ([decision(REFUSED, "1", None, None)], []),
    ],
)
def test_one_falls_back_on_champions_that_were_not_rolled_back(
    history: list[dict[str, Any]], wanted: list[str]
) -> None:
    assert reign(history) == wanted


@settings(deadline=None, database=None)
@given(st.lists(st.sampled_from(["promote", "refuse", "roll back"]), max_size=20))
def test_rolling_back_is_undoing_the_newest_promotion(steps: list[str]) -> None:
    """A stack is the oracle."""
    stack: list[str] = []
    history: list[dict[str, Any]] = []
    for number, step in enumerate(steps):
        before = stack[-1] if stack else None
        version = str(number)
        if step == "promote":
            stack.append(version)
            history.append(decision(PROMOTED, version, before, version))
        elif step == "refuse":
            history.append(decision(REFUSED, version, before, before))
        elif len(stack) > 1:
            gone = stack.pop()
            history.append(decision(ROLLED_BACK, gone, gone, stack[-1]))
    assert reign(history) == stack
    assert settle(history, stack[-1] if stack else None) == Settlement(stack[-1] if stack else None)


def test_a_version_that_was_rolled_back_is_known_until_it_is_promoted_again() -> None:
    assert not was_rolled_back([FIRST, SECOND], "2")
    assert was_rolled_back([FIRST, SECOND, BACK], "2")
    assert was_rolled_back([FIRST, SECOND, BACK, decision(REFUSED, "2", "1", "1")], "2")
    assert not was_rolled_back([FIRST, SECOND, BACK, decision(PROMOTED, "2", "1", "2")], "2")


def test_the_same_refusal_is_not_written_twice() -> None:
    assert same_refusal([FIRST, SECOND, NOT_THIRD], "3", "i")
    assert not same_refusal([FIRST, SECOND, NOT_THIRD], "3", "others")
    assert not same_refusal([FIRST, SECOND, NOT_THIRD], "4", "i")
    assert not same_refusal([FIRST, SECOND], "2", "i")
    assert not same_refusal([], "1", "i")
