"""Collector of the lake's metrics: reads the lake at a scrape, where the lake has changed."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Lock

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lakehouse.lake import Lake
from watching.lake_metrics import LAKE_READ_AT, LAKE_UP
from watching.lake_samples import Sample, read_samples, read_state
from watching.metric import LAKE
from watching.metrics import metrics_of

logger = logging.getLogger("shopcast")


class LakeCollector(Collector):
    """Shows the figures of a lake; those of the last good look where the lake cannot be read.

    Args:
        lake: the lake.
        clock: returns the time, seconds since 1970.
    """

    def __init__(self, lake: Lake, clock: Callable[[], float] = time.time) -> None:
        self._lake, self._clock = lake, clock
        self._state: str | None = None
        self._samples: Sequence[Sample] = ()
        self._read_at: float | None = None
        self._turn = Lock()

    def describe(self) -> list[GaugeMetricFamily]:
        """Return no families, so that registering the collector reads nothing."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the families of the metrics of the lake that have a value."""
        with self._turn:
            samples = list(self._look())
        for metric in metrics_of(LAKE):
            of_metric = [sample for sample in samples if sample.metric == metric]
            if of_metric:
                family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
                for sample in of_metric:
                    family.add_metric(sample.labels, sample.value)
                yield family

    def _look(self) -> Iterator[Sample]:
        """Read what has changed, and yield the samples."""
        is_up = self._refresh()
        yield Sample(LAKE_UP, (), float(is_up))
        if self._read_at is not None:
            yield Sample(LAKE_READ_AT, (), self._read_at)
        yield from self._samples

    def _refresh(self) -> bool:
        """Read the lake where it has changed; return whether the lake could be read."""
        try:
            state = read_state(self._lake)
            if state != self._state:
                self._samples, self._state = read_samples(self._lake), state
        except Exception as error:  # object stores and delta-rs raise errors of many kinds
            logger.warning("%s cannot be read: %s", self._lake.root, error)
            return False
        self._read_at = self._clock()
        return True
