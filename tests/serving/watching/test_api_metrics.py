"""The metrics are those of all workers, and stay few."""

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asking import Client
from fastapi import FastAPI
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from published import PublishedLake, forecast

from serving.app import served_of
from serving.watching.metrics import BOUNDS, COUNTERS, Metrics, Served
from watching.metric import API
from watching.metrics import LOOKUPS, REQUEST_DURATION, metrics_of

DURATION = "shopcast_request_duration_seconds"
Samples = dict[tuple[str, ...], float]


def samples_of(text: bytes) -> Samples:
    """Values by name and label values, in the order of the labels' names."""
    return {
        (sample.name, *(text for _, text in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_a_worker_shows_what_is_declared_and_counters_from_the_start(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path)
    metrics.set_served(Served())
    metrics.flush()
    at_the_start = samples_of(metrics.expose())
    metrics.observe("/predict", 200, BOUNDS[0])
    metrics.flush()
    found = {(f.name, f.type, f.documentation) for f in families(metrics.expose())}
    metrics.close()
    assert found == {(m.family, m.kind, m.help) for m in metrics_of(API)}
    for counter in COUNTERS:
        assert counter.initial
        assert all(at_the_start[counter.name, *labels] == 0 for labels in counter.initial)
    assert REQUEST_DURATION.labels == ("route",)


def families(text: bytes) -> list[Metric]:
    """The metrics of a scrape."""
    return list(text_string_to_metric_families(text.decode()))


@pytest.fixture
def metrics(tmp_path: Path) -> Iterator[Metrics]:
    metrics = Metrics(tmp_path)
    yield metrics
    metrics.close()


def work(folder: Path, forecasts: int) -> None:
    """What a worker does: counts, writes, ends."""
    metrics = Metrics(folder)
    for _ in range(250):
        metrics.observe("/predict", 200, 0.01)
        metrics.add(LOOKUPS, "forecast", "own history", amount=4)
    metrics.set_served(Served(age=3600, forecasts=forecasts))
    metrics.close()


def test_metrics_of_four_workers_are_summed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=work, args=(tmp_path, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    metrics = Metrics(tmp_path)
    metrics.observe("/predict", 503, 0.3)
    metrics.set_served(Served(age=60, forecasts=7))
    metrics.flush()
    samples = samples_of(metrics.expose())
    metrics.close()
    assert samples["shopcast_requests_total", "200"] == 1000
    assert samples["shopcast_requests_total", "503"] == 1
    assert samples["shopcast_failures_total", "/predict"] == 1
    assert samples["shopcast_lookups_total", "forecast", "own history"] == 4000
    assert samples[f"{DURATION}_count", "/predict"] == 1001
    assert samples[f"{DURATION}_bucket", "0.005", "/predict"] == 0
    assert samples[f"{DURATION}_bucket", "0.025", "/predict"] == 1000
    assert samples[f"{DURATION}_bucket", "+Inf", "/predict"] == 1001
    assert samples[f"{DURATION}_sum", "/predict"] == pytest.approx(10.3)
    assert samples["shopcast_served_age_seconds",] == 60, "workers that ended serve nothing"


def test_metrics_stay_below_300_series(metrics: Metrics) -> None:
    for number in range(400):
        metrics.observe(f"/route-{number}", 200 + number, 0.01)
        metrics.observe(f"/route-{number}", 500, 0.01)
        for counter in COUNTERS:
            metrics.add(counter, *(f"{label} {number}" for label in counter.labels))
    metrics.set_served(Served(age=1, forecasts=1))
    metrics.flush()
    samples = samples_of(metrics.expose())
    assert len(samples) <= 300
    counts = [value for (name, *_), value in samples.items() if name == f"{DURATION}_count"]
    assert sum(counts) == 800


def test_metrics_name_route_templates_only(
    client: Client, published: PublishedLake, app: FastAPI
) -> None:
    published.publish("v1", forecast())
    app.state.store.refresh()
    for path in ("/predict?shop_id=57&item_id=5037", "/secret-path", "/readyz"):
        client.get(path)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = samples_of(answer.content)
    routes = {labels[0] for name, *labels in samples if name == f"{DURATION}_count"}
    assert routes == {"/predict", "unmatched", "other"}
    assert str(published.folder) not in answer.text


def test_metrics_show_the_age_of_what_is_served(
    published: PublishedLake, app: FastAPI, client: Client
) -> None:
    app.state.store.refresh()
    served = served_of(app)
    assert (served.age, served.forecasts, served.has_failed) == (None, 0, True)
    published.publish("v1", forecast(), forecast("57", "7"))
    app.state.store.refresh()
    app.state.clock = lambda: datetime(2015, 11, 3, 3, tzinfo=UTC)
    app.state.journal.metrics.set_served(served_of(app))
    samples = samples_of(client.get("/metrics").content)
    assert samples["shopcast_served_age_seconds",] == 3600
    assert samples["shopcast_served_forecasts",] == 2
    assert samples["shopcast_refresh_failed",] == 0


def test_metrics_count_lookups_by_result_and_rung(
    published: PublishedLake, app: FastAPI, client: Client
) -> None:
    published.publish("v1", forecast(), forecast("57", "6", rung="shop and category"))
    app.state.store.refresh()
    for item in ("5037", "5037&month=2015-11", "1"):
        client.get(f"/predict?shop_id=57&item_id={item}")
    pairs = [{"shop_id": "57", "item_id": item} for item in ("5037", "6", "1", "2")]
    assert client.request("POST", "/predict", json={"pairs": pairs}).status_code == 200
    samples = samples_of(client.get("/metrics").content)
    assert samples["shopcast_lookups_total", "forecast", "own history"] == 3
    assert samples["shopcast_lookups_total", "forecast", "shop and category"] == 1
    assert samples["shopcast_lookups_total", "unknown", ""] == 3
