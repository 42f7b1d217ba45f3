"""Prometheus metrics of all workers of a server.

Each worker counts in memory and writes its sums once a second into the files of prometheus_client's
multi-process mode; a scrape of any worker merges the files of all.
"""

import os
import weakref
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.utils import floatToGoString

FLUSH_SECONDS = 1.0
# Bounds of the histogram, seconds. Each route has eight series; with the counters and gauges the
# server stays below 300 series.
BOUNDS = (0.005, 0.025, 0.1, 0.5, 2.5)
MOST_ROUTES = 22
OTHER = "other"
UNIT = "shopcast_request_duration_seconds"
HELP = "Time from the header of a request to the end of its answer, by route template."


@dataclass(frozen=True)
class Counter:
    """A counter.

    Attributes:
        name: without ``_total``.
        help: what is counted.
        labels: names of the labels.
        most: series; label values that come after these count together, as ``other``.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    most: int = 12


@dataclass(frozen=True)
class Gauge:
    """A gauge of each worker, of which a scrape shows the greatest; dead workers do not count."""

    name: str
    help: str


REQUESTS = Counter("shopcast_requests", "Answers by status.", ("status",), most=20)
FAILURES = Counter("shopcast_failures", "Answers from 500 on.", ("route",), MOST_ROUTES)
LOOKUPS = Counter("shopcast_lookups", "Pairs looked up.", ("result", "rung"))
UPLOAD_ROWS = Counter("shopcast_upload_rows", "Rows received by uploads.", ("verdict",))
TRAINING_RUNS = Counter("shopcast_training_runs", "Ended runs of training.", ("outcome",))
COUNTERS = (REQUESTS, FAILURES, LOOKUPS, UPLOAD_ROWS, TRAINING_RUNS)
AGE = Gauge("shopcast_served_age_seconds", "Time since the served version was published.")
FORECASTS = Gauge("shopcast_served_forecasts", "Forecasts served; 0: nothing is served.")
STALE = Gauge("shopcast_refresh_failed", "1: the last refresh from the lake failed.")


@dataclass(frozen=True)
class Served:
    """What a worker serves now.

    Attributes:
        age: seconds since the version was published; None: nothing is served.
        forecasts: how many.
        has_failed: whether the last refresh failed.
    """

    age: float | None = None
    forecasts: int = 0
    has_failed: bool = False


class Metrics:
    """Counts of this worker, and the exposition of all workers."""

    def __init__(self, folder: Path) -> None:
        """Open the files of this worker.

        Args:
            folder: shared by the workers of one server, and by nothing else.
        """
        self._folder = folder
        self._routes: dict[str, list[float]] = {}
        self._counters: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
        self._gauges: dict[Gauge, float] = {}
        self._keys: dict[tuple[str, ...], str] = {}
        remove_dead_gauges(folder)
        self._files = {
            kind: MmapedDict(str(folder / f"{kind}_{os.getpid()}.db"))
            for kind in ("counter", "histogram", "gauge_livemax")
        }
        self._closing = weakref.finalize(self, close_all, list(self._files.values()))

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count an answer.

        Args:
            route: template of the path; after ``MOST_ROUTES`` routes, further ones count together.
            status: of the answer.
            seconds: duration of the exchange.
        """
        buckets = self._routes.get(route)
        if buckets is None:
            buckets = self._routes.setdefault(
                route if len(self._routes) < MOST_ROUTES else OTHER, [0.0] * (len(BOUNDS) + 2)
            )
        buckets[bisect_left(BOUNDS, seconds)] += 1
        buckets[-1] += seconds
        self.add(REQUESTS, str(status))
        if status >= 500:
            self.add(FAILURES, route)

    def add(self, counter: Counter, *labels: str, amount: float = 1) -> None:
        """Add to a counter.

        Args:
            counter: the counter.
            labels: a value for each label.
            amount: what is added.
        """
        counts = self._counters[counter.name]
        if labels not in counts and len(counts) >= counter.most:
            labels = (OTHER,) * len(labels)
        counts[labels] = counts.get(labels, 0.0) + amount

    def set_served(self, served: Served) -> None:
        """Set the gauges of what this worker serves."""
        self._gauges[FORECASTS] = served.forecasts
        self._gauges[STALE] = float(served.has_failed)
        self._gauges[AGE] = float("nan") if served.age is None else served.age

    def flush(self) -> None:
        """Write the counts of this worker into its files."""
        for counter in COUNTERS:
            for labels, value in self._counters[counter.name].items():
                of = dict(zip(counter.labels, labels, strict=True))
                key = self._key(counter.name, f"{counter.name}_total", counter.help, of)
                self._files["counter"].write_value(key, value, 0.0)
        for gauge, value in self._gauges.items():
            key = self._key(gauge.name, gauge.name, gauge.help, {})
            self._files["gauge_livemax"].write_value(key, value, 0.0)
        for route, buckets in self._routes.items():
            self._flush_route(route, buckets)

    def _flush_route(self, route: str, buckets: list[float]) -> None:
        file = self._files["histogram"]
        for bound, value in zip((*BOUNDS, float("inf")), buckets, strict=False):
            of = {"route": route, "le": floatToGoString(bound)}
            file.write_value(self._key(UNIT, f"{UNIT}_bucket", HELP, of), value, 0.0)
        total = self._key(UNIT, f"{UNIT}_sum", HELP, {"route": route})
        file.write_value(total, buckets[-1], 0.0)

    def _key(self, metric: str, name: str, text: str, labels: Mapping[str, str]) -> str:
        """Return the key of a series in a file; JSON, which is written once for each series."""
        of = (name, *labels.values())
        if of not in self._keys:
            self._keys[of] = mmap_key(metric, name, list(labels), list(labels.values()), text)
        return self._keys[of]

    def expose(self) -> bytes:
        """Return the metrics of all workers in Prometheus' text format."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder))
        return generate_latest(registry)

    def close(self) -> None:
        """Write the last counts and close the files."""
        self.flush()
        self._closing()


def close_all(files: Sequence[MmapedDict]) -> None:
    """Close files."""
    for file in files:
        file.close()


def remove_dead_gauges(folder: Path) -> None:
    """Remove the gauges of workers that ended, whose counters still count."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rsplit("_", 1)[-1])
        if not is_running(pid):
            file.unlink(missing_ok=True)


def is_running(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        os.getpgid(pid)
    except ProcessLookupError:
        return False
    return True
