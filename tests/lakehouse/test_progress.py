"""Long work shows a bar at a terminal, and nothing but lines elsewhere."""

import io
import logging
import sys

import pytest

from lakehouse.progress import logger, track


class Terminal(io.StringIO):
    """Standard error of a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_at_a_terminal_and_lines_go_above_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(logging.root, "handlers", [logging.StreamHandler(terminal)])
    logger.setLevel(logging.INFO)
    for month in track(["2015-01", "2015-02"], "months"):
        logger.info("scoring %s", month)
    drawn = terminal.getvalue()
    assert "months" in drawn
    assert "0/2" in drawn
    assert "scoring 2015-02\n" in drawn


def test_elsewhere_no_bar_is_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(track([1, 2, 3], "months")) == [1, 2, 3]
    assert capfd.readouterr().err == ""
