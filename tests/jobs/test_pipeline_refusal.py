"""A pipeline whose candidate is refused goes on with the champion, and ends where there is none."""

import argparse
from typing import Any

import pytest

from cli.command import Job
from jobs.pipeline import step
from jobs.promote import NotPromotedError
from lakehouse.context import Context
from lakehouse.settings import JobSettings

FIGURES = {"horizons": {1: {"decision": "refused"}}}


def refusing(*, has_champions: bool) -> Job:
    """A step that refuses a candidate."""

    def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
        del context, arguments
        raise NotPromotedError("not promoted.", FIGURES, has_champions=has_champions)

    return Job("promote", "", lambda _: None, run)


def test_with_a_champion_it_goes_on() -> None:
    found = step(Context(JobSettings(), "test"), refusing(has_champions=True), [])
    assert found["horizons"] == FIGURES["horizons"]


def test_without_one_it_ends() -> None:
    with pytest.raises(NotPromotedError) as refusal:
        step(Context(JobSettings(), "test"), refusing(has_champions=False), [])
    assert refusal.value.exit_code == 3
