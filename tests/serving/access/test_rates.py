"""Callers have a rate that holds over all workers, and every answer says what is left."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import Client

from serving.access.rates import PROBES, SLOTS, Rate, SharedRates
from serving.app import create_app
from serving.settings import ServingSettings

pytestmark = pytest.mark.slow


@pytest.fixture
def client(settings: ServingSettings) -> Client:
    return Client(create_app(settings.model_copy(update={"rate_limit": "3/hour"})))


def test_the_limits_are_in_every_answer_and_the_excess_is_refused(client: Client) -> None:
    answers = [client.get("/nothing") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"requests";q=3;w=3600'}
    left = [answer.headers["ratelimit"].partition(";t=") for answer in answers]
    assert [before for before, _, _ in left] == [f'"requests";r={r}' for r in (2, 1, 0, 0)]
    refused = answers[-1].json()
    assert refused["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert refused["violated-policies"] == ["requests"]
    assert answers[-1].headers["retry-after"] == left[-1][2]


def test_limits_of_keys_and_addresses_are_apart(
    client: Client, create_key: Callable[..., str]
) -> None:
    for headers in ({}, *({"Authorization": f"Bearer {create_key('read')}"} for _ in range(2))):
        statuses = [client.get("/nothing", headers=headers).status_code for _ in range(4)]
        assert statuses == [404, 404, 404, 429]


def test_probes_are_never_refused(client: Client) -> None:
    assert {client.get("/healthz").status_code for _ in range(5)} == {200}


def test_a_rate_of_off_limits_nothing(settings: ServingSettings) -> None:
    client = Client(create_app(settings.model_copy(update={"rate_limit": "off"})))
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert "ratelimit" not in answer.headers


def count_allowed(folder: Path, tries: int) -> int:
    rates = SharedRates(folder, Rate(1000, 3600), workers=4)
    allowed = sum(not rates.hit("till").is_exceeded for _ in range(tries))
    rates.hit("end")
    return allowed


def test_limits_hold_with_four_workers(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        counts = pool.starmap(count_allowed, [(tmp_path, 2000)] * 4, chunksize=1)
    # Workers that count at the same moment may each allow one request too many.
    assert 1000 <= sum(counts) <= 1003


def test_a_window_slides_so_that_its_border_allows_no_burst(tmp_path: Path) -> None:
    rates = SharedRates(tmp_path, Rate(10, 60))

    def allowed(now: float) -> int:
        return sum(not rates.hit("till", now).is_exceeded for _ in range(20))

    assert allowed(59.0) == 10
    assert allowed(60.0) == 0
    assert allowed(90.0) == 5
    assert allowed(120.0) == 5
    assert allowed(300.0) == 10


def test_what_another_worker_counts_is_counted(tmp_path: Path) -> None:
    first, second = (SharedRates(tmp_path, Rate(4, 60), workers=2) for _ in range(2))
    turns = [rates.hit("till", 1.0).is_exceeded for rates in (first, second, first, second)]
    assert turns == [False] * 4
    assert first.hit("till", 2.0).is_exceeded
    assert second.hit("till", 2.0).is_exceeded
    with pytest.raises(RuntimeError, match="more than 2 workers"):
        SharedRates(tmp_path, Rate(4, 60), workers=2)
    first.close()
    third = SharedRates(tmp_path, Rate(4, 60), workers=2)
    assert third.hit("till", 3.0).is_exceeded, "the successor of a worker counts on"


def test_a_full_table_takes_the_place_of_the_longest_silent(tmp_path: Path) -> None:
    rates = SharedRates(tmp_path, Rate(2, 60))
    for number in range(SLOTS * 2):
        rates.hit(f"early {number}", 1.0)
    for number in range(PROBES):
        assert not rates.hit(f"late {number}", 61.0).is_exceeded
        assert rates.hit(f"late {number}", 61.0).remaining == 0
        assert rates.hit(f"late {number}", 61.0).is_exceeded
