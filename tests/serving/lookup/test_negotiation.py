"""The representation that a client likes best is chosen."""

import pytest

from serving.lookup.negotiation import choose_media_type
from serving.problems import ProblemError

OFFERED = ("application/json", "application/x-ndjson", "text/csv")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/*", "text/csv"),
        ("application/*", "application/json"),
        ("text/html, application/x-ndjson;q=0.5, */*;q=0.1", "application/x-ndjson"),
        ("application/json;q=0.2, text/csv;q=0.3", "text/csv"),
        ("*/*, application/json;q=0", "application/x-ndjson"),
        ("text/csv; charset=utf-8; q=1, application/json;q=0.9", "text/csv"),
        ("text/csv;q=much", "text/csv"),
    ],
)
def test_the_best_liked_is_chosen(accept: str | None, chosen: str) -> None:
    assert choose_media_type(accept, OFFERED) == chosen


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0", ""])
def test_none_that_is_liked_is_refused(accept: str) -> None:
    with pytest.raises(ProblemError, match="allows none of application/json"):
        choose_media_type(accept, OFFERED)
