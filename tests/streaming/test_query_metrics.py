"""What the queries tell can be read on a port."""

from argparse import Namespace
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cli.command import Job
from cli.streaming_arguments import THIS_MACHINE
from streaming import ingest as ingest_command
from streaming import refresh as refresh_command
from streaming.queries.metrics import IngestMetrics, RefreshMetrics
from watching.metric import INGEST, REFRESH
from watching.metrics import metrics_of


def page(metrics: IngestMetrics | RefreshMetrics) -> str:
    server, thread = metrics.serve(0, THIS_MACHINE)
    try:
        with urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
            text: str = answer.read().decode()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    return text


def test_ingest_tells_events_rate_lag_and_rejected() -> None:
    metrics = IngestMetrics()
    metrics.record(100, 2.0, 7)
    metrics.record(50, 1.0, 8)
    metrics.lag_events.set(12)
    metrics.lag_seconds.set(3.5)
    text = page(metrics)
    for line in (
        "shopcast_ingest_events_total 150.0",
        "shopcast_ingest_batches_total 2.0",
        "shopcast_ingest_events_per_second 50.0",
        "shopcast_ingest_batch_seconds 1.0",
        "shopcast_ingest_lag_events 12.0",
        "shopcast_ingest_lag_seconds 3.5",
        "shopcast_ingest_rejected 8.0",
    ):
        assert f"\n{line}\n" in text


@pytest.mark.parametrize(
    ("source", "metrics"), [(INGEST, IngestMetrics()), (REFRESH, RefreshMetrics())]
)
def test_a_query_shows_what_is_declared_and_nothing_else(
    source: str, metrics: IngestMetrics | RefreshMetrics
) -> None:
    text = page(metrics)
    found = {
        (family.name, family.type, family.documentation)
        for family in text_string_to_metric_families(text)
        if not family.name.endswith("_created")
    }
    assert found == {(m.family, m.kind, m.help) for m in metrics_of(source)}
    plain = [m for m in metrics_of(source) if m.kind == "counter" and not m.labels]
    assert all(f"\n{metric.name} 0.0\n" in text for metric in plain), "counters start at 0"


def test_refresh_tells_rows_and_what_is_left() -> None:
    metrics = RefreshMetrics()
    metrics.record(1000, 0.5, 3)
    text = page(metrics)
    assert "\nshopcast_refresh_rows_total 1000.0\n" in text
    assert "\nshopcast_refresh_rows_per_second 2000.0\n" in text
    assert "\nshopcast_refresh_late_months 3.0\n" in text
    assert metrics.count == 1


@pytest.mark.parametrize("job", [ingest_command.JOB, refresh_command.JOB])
def test_no_other_machine_reads_the_metrics_unless_an_address_says_so(job: Job) -> None:
    options = ["--metrics-port", "0"]
    told = job.parser().parse_args(options)
    asked = job.parser().parse_args([*options, "--metrics-address", "0.0.0.0"])
    assert [address_of(options) for options in (told, asked)] == ["127.0.0.1", "0.0.0.0"]


def address_of(arguments: Namespace) -> str:
    """The address that metrics are served on."""
    server, thread = RefreshMetrics().serve(arguments.metrics_port, arguments.metrics_address)
    try:
        return str(server.server_address[0])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
