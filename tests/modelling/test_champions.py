"""Whatever the history of decisions, who the champion is and what is left to do is told from it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelling.promotion.champions import (
    champion_of,
    is_same_refusal,
    list_restorable,
    was_rolled_back,
)
from modelling.promotion.history import PROMOTED, REFUSED, ROLLED_BACK, Decision, draft

# Written by earlier programs for a champion that somebody chose in MLflow.
FOUND = "found"
NOON = datetime(2015, 8, 1, 12, tzinfo=UTC)


def decision(kind: str, candidate: str, before: str | None, after: str | None) -> Decision:
    return Decision(NOON, 1, kind, candidate, before, after, reason="", inputs="i")


FIRST = decision(PROMOTED, "1", None, "1")
SECOND = decision(PROMOTED, "2", "1", "2")
BACK = decision(ROLLED_BACK, "2", "2", "1")
NOT_THIRD = decision(REFUSED, "3", "2", "2")


@pytest.mark.parametrize(
    ("history", "champion"),
    [
        ([], None),
        ([FIRST], "1"),
        ([FIRST, SECOND], "2"),
        ([FIRST, SECOND, BACK], "1"),
        ([FIRST, SECOND, NOT_THIRD], "2"),
        ([FIRST, decision(FOUND, "9", "1", "9")], "9"),
        ([decision(REFUSED, "1", None, None)], None),
    ],
)
def test_the_champion_is_the_one_that_the_newest_decision_names(
    history: list[Decision], champion: str | None
) -> None:
    assert champion_of(history) == champion
    assert draft(history, 1, "new", NOON).champion == champion


def test_a_decision_is_later_than_all_before_it_even_if_the_clock_went_back() -> None:
    assert draft([FIRST], 1, "2", NOON - timedelta(days=1)).decided_at > FIRST.decided_at
    later = NOON + timedelta(days=1)
    assert draft([FIRST], 1, "2", later).decided_at == later


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
    history: list[Decision], wanted: list[str]
) -> None:
    assert list_restorable(history) == wanted


@settings(deadline=None, database=None)
@given(st.lists(st.sampled_from(["promote", "refuse", "roll back"]), max_size=20))
def test_rolling_back_is_undoing_the_newest_promotion(steps: list[str]) -> None:
    """A stack is the oracle."""
    stack: list[str] = []
    history: list[Decision] = []
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
    assert list_restorable(history) == stack
    assert champion_of(history) == (stack[-1] if stack else None)


def test_a_version_that_was_rolled_back_is_known_until_it_is_promoted_again() -> None:
    assert not was_rolled_back([FIRST, SECOND], "2")
    assert was_rolled_back([FIRST, SECOND, BACK], "2")
    assert was_rolled_back([FIRST, SECOND, BACK, decision(REFUSED, "2", "1", "1")], "2")
    assert not was_rolled_back([FIRST, SECOND, BACK, decision(PROMOTED, "2", "1", "2")], "2")


def test_the_same_refusal_is_not_written_twice() -> None:
    assert is_same_refusal([FIRST, SECOND, NOT_THIRD], "3", "i")
    assert not is_same_refusal([FIRST, SECOND, NOT_THIRD], "3", "others")
    assert not is_same_refusal([FIRST, SECOND, NOT_THIRD], "4", "i")
    assert not is_same_refusal([FIRST, SECOND], "2", "i")
    assert not is_same_refusal([], "1", "i")
