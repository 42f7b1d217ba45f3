"""Stream latency: seconds from a producer's send to the commit of the last table touched.

    python -m benchmarks.latency --lake URI --out FILE [--seconds 300] [--rate 200]

Reads and changes the lake, which must hold a full-size history with features up to date. Of 100
events 95 are of the open month, 4 of the month before, 1 is older. Ingest and refresh run as
processes next to a real broker; the refresh notes the version of daily_sales that each step
started with. An event is done once every target month that the event alters was computed. Catalogue
changes are sent separately. Writes the latencies as JSON to FILE.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.traffic import CATALOGUE, SALES, Sent, sales, send, send_catalogue
from ingestion.lake_months import read_months
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.tables.silver import DAILY_SALES, ITEMS
from streaming.kafka.settings import kafka_settings
from streaming.kafka.topics import create_topics
from streaming.local_broker.broker import Broker

WARM_UP_SECONDS, SETTLE_SECONDS = 40, 300


@dataclass(frozen=True)
class Step:
    """One step of the refresh.

    Attributes:
        sales: version of silver.daily_sales at the start of the refresh.
        items: version of silver.items at the start of the refresh.
        first: first target month that the step computed.
        last: last target month that the step computed.
        done: end of the step, seconds since 1970.
    """

    sales: int
    items: int
    first: date
    last: date
    done: float


@contextmanager
def process(command: Sequence[str], servers: str, told: Path) -> Iterator[None]:
    """Run a query in a process while a block runs, with the output in the file ``told``."""
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers}
    with told.open("w") as stream:
        running = subprocess.Popen(command, env=environment, stderr=stream, stdout=stream)
        try:
            yield
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(120)


def steps(path: Path) -> list[Step]:
    """Read the steps that the refresh noted, a JSON line each."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        Step(
            r["sales"],
            r["items"],
            date.fromisoformat(r["first"]),
            date.fromisoformat(r["last"]),
            r["done"],
        )
        for r in rows
    ]


def versions(lake: Lake, sent: Sequence[Sent]) -> dict[tuple[int, int], int]:
    """Return the version of silver.daily_sales that first held each event.

    The version is the first commit after the event's ``ingested_at``.

    Returns:
        (partition, offset) → version; events replaced by a later version are missing.
    """
    commits = log.commits(lake, DAILY_SALES)
    times = [at for _, at in commits]
    places = {(event.partition, event.offset) for event in sent}
    found = {}
    where = [("source", ">=", f"{SALES}:"), ("source", "<", f"{SALES};")]
    columns = ["partition", "offset", "ingested_at"]
    for batch in read_batches(lake, DAILY_SALES, columns, where):
        for row in batch.to_pylist():
            if (row["partition"], row["offset"]) in places:
                at = bisect_left(times, row["ingested_at"].timestamp())
                found[row["partition"], row["offset"]] = commits[at][0]
    return found


def done_at(event: Sent, version: int, open_month: date, told: Sequence[Step]) -> float:
    """Return when the last target month that an event alters was computed.

    Args:
        event: the event.
        version: version of silver.daily_sales that first held the event.
        open_month: the lake's open month.
        told: steps of the refresh, in order.

    Returns:
        Seconds since 1970; NaN: some target month was not computed.
    """
    first = plus_months(open_month, 1 - event.back)
    open_targets = {plus_months(first, n) for n in range(event.back + 1)}
    for step in told:
        if step.sales >= version:
            open_targets -= {m for m in open_targets if step.first <= m <= step.last}
            if not open_targets:
                return step.done
    return float("nan")


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Summarise latencies in seconds; NaN counts as not done."""
    values = np.array(seconds)
    p50, p95 = np.nanpercentile(values, [50, 95]) if len(values) else (np.nan, np.nan)
    return {
        "events": len(values),
        "not_done": int(np.isnan(values).sum()),
        "p50": round(float(p50), 2),
        "p95": round(float(p95), 2),
        "max": round(float(np.nanmax(values)), 2) if len(values) else float("nan"),
    }


def measure(lake: Lake, folder: Path, rate: float, seconds: float) -> dict[str, Any]:
    """Send events through Kafka, and measure the latency of each.

    Args:
        lake: the lake to change.
        folder: an empty local folder.
        rate: events per second.
        seconds: duration of the measured sending, seconds.
    """
    noted = folder / "steps.jsonl"
    open_month = read_months(lake).open_month
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(folder / "broker"))
        settings = kafka_settings({"bootstrap_servers": broker.servers})
        create_topics(settings, [SALES, CATALOGUE])
        on_lake = ["--lake", lake.root]
        ingest = [sys.executable, "-m", "streaming", "ingest", *on_lake]
        refresh = [sys.executable, "-m", "benchmarks.refreshing", *on_lake, "--out", str(noted)]
        stack.enter_context(process(ingest, broker.servers, folder / "ingest.log"))
        stack.enter_context(process(refresh, broker.servers, folder / "refresh.log"))
        made = sales(lake, seed=1)
        send(broker.servers, made, rate, WARM_UP_SECONDS)
        sent = send(broker.servers, made, rate, seconds)
        wait_until_quiet(noted)
        before = log.version(lake, ITEMS)
        changed = send_catalogue(broker.servers, lake, 20)
        time.sleep(15)
        wait_until_quiet(noted)
    told = steps(noted)
    at = versions(lake, sent)
    taken = [
        (event, done_at(event, at[event.partition, event.offset], open_month, told) - event.at)
        for event in sent
        if (event.partition, event.offset) in at
    ]
    last = max((step.done for step in told if step.items > before), default=float("nan"))
    return {
        "rate": rate,
        "seconds": seconds,
        "all": summary([s for _, s in taken]),
        "open month": summary([s for event, s in taken if event.back == 0]),
        "month before": summary([s for event, s in taken if event.back == 1]),
        "older": summary([s for event, s in taken if event.back > 1]),
        "same sale sent twice": len(sent) - len(taken),
        "20 items change category": round(last - changed, 1),
    }


def wait_until_quiet(noted: Path) -> None:
    """Wait until the refresh notes no step for 15 s, at most ``SETTLE_SECONDS``."""
    until = time.monotonic() + SETTLE_SECONDS
    size, since = -1, time.monotonic()
    while time.monotonic() < until and time.monotonic() - since < 15:
        if noted.exists() and noted.stat().st_size != size:
            size, since = noted.stat().st_size, time.monotonic()
        time.sleep(0.5)


def main() -> int:
    """Measure from a command line, and write the latencies as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--lake", required=True, help="full-size lake; it is changed")
    parser.add_argument("--out", type=Path, required=True, help="JSON file of the result")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rate", type=float, default=200, help="events per second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Lake.at(arguments.lake), Path(folder), arguments.rate, arguments.seconds)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
