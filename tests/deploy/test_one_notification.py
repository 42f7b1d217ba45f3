"""A fault gives one notification, to the right receiver, and what rests on the fault is silent."""

import time
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from alerting import Watched, alerting, page

pytestmark = pytest.mark.deploy
DAY = 86400
PATIENCE = 45


def lake_page(**changed: float | str) -> str:
    now = time.time()
    sound: dict[str, float | str] = {
        "shopcast_lake_up": 1,
        "shopcast_lake_read_timestamp_seconds": now + 3600,
        "shopcast_closed_month_timestamp_seconds": now - 40 * DAY,
        "shopcast_forecast_cutoff_timestamp_seconds": now - 40 * DAY,
        "shopcast_champions": 1,
        "shopcast_score_wape__forecaster_served": 0.3,
        "shopcast_score_wape__forecaster_naive": 0.4,
        "shopcast_skew_columns": 0,
    }
    return page(**{**sound, **changed})


def streams(*, lag: float = 0) -> dict[str, str]:
    ingest = page(
        shopcast_ingest_batch_timestamp_seconds=time.time() + 3600,
        shopcast_ingest_lag_events=0,
        shopcast_ingest_lag_seconds=lag,
    )
    return {"shopcast-ingest": ingest, "shopcast-refresh": page(shopcast_refresh_lag_seconds=0)}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """All is well, and an API answers a hundred requests a second."""
    with alerting(tmp_path_factory.mktemp("alerting")) as watched:
        counted, ended = [0, 0], Event()

        def count() -> None:
            while not ended.wait(0.5):
                counted[0] += 50
                counted[1] += watched.errors
                watched.pages["shopcast-api"] = page(
                    shopcast_requests_total=counted[0],
                    shopcast_failures_total=counted[1],
                    shopcast_served_forecasts=9,
                    shopcast_refresh_failed=0,
                )

        watched.pages |= {"shopcast-lake": lake_page(), **streams()}
        counting = Thread(target=count)
        counting.start()
        time.sleep(8)
        yield watched
        ended.set()
        counting.join()


@pytest.fixture(autouse=True)
def well(watched: Watched) -> None:
    """Before each test all is well, and nobody is told of anything any more."""
    watched.errors = 0
    watched.pages |= {"shopcast-lake": lake_page(), **streams()}
    watched.wait_for_silence(7)


def told_once(watched: Watched, receiver: str, alert: str) -> None:
    """Check that one receiver was told once of one alert, and of its end."""
    firing, resolved = (receiver, "firing", alert), (receiver, "resolved", alert)
    watched.wait_for(lambda told: firing in told, PATIENCE)
    time.sleep(6)
    assert [entry for entry in watched.told if entry[1] == "firing"] == [firing]
    watched.pages |= {"shopcast-lake": lake_page(), **streams()}
    watched.errors = 0
    watched.wait_for(lambda told: resolved in told, PATIENCE)
    assert {entry[2] for entry in watched.told} == {alert}


def test_nothing_is_told_where_all_is_well(watched: Watched) -> None:
    time.sleep(5)
    assert watched.told == []


@pytest.mark.parametrize(
    ("changed", "receiver", "alert"),
    [
        ({"shopcast_score_wape__forecaster_served": 0.6}, "on-call", "ShopcastWorseThanNaive"),
        ({"shopcast_skew_columns": 2}, "team", "ShopcastSkew"),
        ({"shopcast_champions": 0}, "on-call", "ShopcastNoChampion"),
    ],
)
def test_a_fault_of_the_lake_is_told_once(
    watched: Watched, changed: dict[str, float], receiver: str, alert: str
) -> None:
    watched.pages["shopcast-lake"] = lake_page(**changed)
    told_once(watched, receiver, alert)


def test_stale_forecasts_silence_what_is_said_of_their_errors(watched: Watched) -> None:
    old = time.time() - 100 * DAY
    months = {
        "shopcast_forecast_cutoff_timestamp_seconds": old,
        "shopcast_closed_month_timestamp_seconds": time.time() - 40 * DAY,
    }
    watched.pages["shopcast-lake"] = lake_page(
        **{**months, "shopcast_score_wape__forecaster_served": 0.6}
    )
    watched.wait_for(lambda told: ("on-call", "firing", "ShopcastForecastStale") in told, PATIENCE)
    time.sleep(6)
    assert "ShopcastWorseThanNaive" not in {alert for _, _, alert in watched.told}


def test_a_lake_that_is_away_is_told_alone(watched: Watched) -> None:
    watched.pages["shopcast-lake"] = lake_page(shopcast_lake_up=0, shopcast_champions=0)
    told_once(watched, "on-call", "ShopcastLakeUnreachable")


def test_a_stopped_stream_is_told_and_not_its_lag(watched: Watched) -> None:
    watched.pages |= streams(lag=900) | {"shopcast-refresh": None}
    watched.wait_for(lambda told: ("team", "firing", "ShopcastIngestLagging") in told, PATIENCE)
    watched.told.clear()
    watched.pages |= streams() | {"shopcast-ingest": None}
    stopped = ("on-call", "firing", "ShopcastStreamStopped")
    watched.wait_for(lambda told: stopped in told, PATIENCE)
    assert "ShopcastFeaturesLagging" not in {alert for _, _, alert in watched.told}


def test_errors_of_the_api_page_once(watched: Watched) -> None:
    watched.errors = 25
    firing = ("on-call", "firing", "ShopcastApiErrors")
    watched.wait_for(lambda told: firing in told, PATIENCE)
    time.sleep(6)
    assert watched.told.count(firing) == 1
    assert {receiver for receiver, status, _ in watched.told if status == "firing"} <= {
        "on-call",
        "team",
    }
