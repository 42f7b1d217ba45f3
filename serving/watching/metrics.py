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

from watching import metrics as declared
from watching.metric import API, Metric
from watching.metrics import REQUEST_DURATION as DURATION
from watching.metrics import metrics_of

FLUSH_SECONDS = 1.0
# Bounds of the histogram, seconds. Each route has eight series; with the counters and gauges the
# server stays below 300 series.
BOUNDS = (0.005, 0.025, 0.1, 0.5, 2.5)
MOST_ROUTES = 22
OTHER = "other"
# Series of a counter; label values that come after these count together, as ``other``.
MOST_SERIES = 12
MOST_OF = {declared.REQUESTS: 20, declared.FAILURES: MOST_ROUTES}
COUNTERS = tuple(metric for metric in metrics_of(API) if metric.kind == "counter")


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
        self._gauges: dict[Metric, float] = {}
        self._keys: dict[tuple[str, ...], str] = {}
        remove_dead_gauges(folder)
        self._files = {
            kind: MmapedDict(str(folder / f"{kind}_{os.getpid()}.db"))
            for kind in ("counter", "histogram", "gauge_livemax")
        }
        for counter in COUNTERS:
            self._counters[counter.name] = dict.fromkeys(counter.initial, 0.0)
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
        self.add(declared.REQUESTS, str(status))
        if status >= 500:
            self.add(declared.FAILURES, route)

    def add(self, counter: Metric, *labels: str, amount: float = 1) -> None:
        """Add to a counter.

        Args:
            counter: the counter.
            labels: a value for each label.
            amount: what is added.
        """
        counts = self._counters[counter.name]
        if labels not in counts and len(counts) >= MOST_OF.get(counter, MOST_SERIES):
            labels = (OTHER,) * len(labels)
        counts[labels] = counts.get(labels, 0.0) + amount

    def set_served(self, served: Served) -> None:
        """Set the gauges of what this worker serves."""
        self._gauges[declared.SERVED_FORECASTS] = served.forecasts
        self._gauges[declared.REFRESH_FAILED] = float(served.has_failed)
        self._gauges[declared.SERVED_AGE] = float("nan") if served.age is None else served.age

    def flush(self) -> None:
        """Write the counts of this worker into its files."""
        for counter in COUNTERS:
            for labels, value in self._counters[counter.name].items():
                of = dict(zip(counter.labels, labels, strict=True))
                key = self._key(counter.family, counter.name, counter.help, of)
                self._files["counter"].write_value(key, value, 0.0)
        for gauge, value in self._gauges.items():
            key = self._key(gauge.name, gauge.name, gauge.help, {})
            self._files["gauge_livemax"].write_value(key, value, 0.0)
        for route, buckets in self._routes.items():
            self._flush_route(route, buckets)

    def _flush_route(self, route: str, buckets: list[float]) -> None:
        file, unit, text = self._files["histogram"], DURATION.name, DURATION.help
        for bound, value in zip((*BOUNDS, float("inf")), buckets, strict=False):
            of = {"route": route, "le": floatToGoString(bound)}
            file.write_value(self._key(unit, f"{unit}_bucket", text, of), value, 0.0)
        total = self._key(unit, f"{unit}_sum", text, {"route": route})
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
