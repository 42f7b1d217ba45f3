"""Metric: the declaration of what a process shows to Prometheus."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
API, INGEST, REFRESH, LAKE = "api", "ingest", "refresh", "lake"
SOURCES = {
    API: "the API, `GET /metrics`",
    INGEST: "`python -m streaming ingest --metrics-port`",
    REFRESH: "`python -m streaming refresh --metrics-port`",
    LAKE: "`python -m watching`",
}
WAITING = "Age of the oldest change of sales or catalogue that features do not show yet; 0: none."


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        name: as the text format shows the metric; counters end with ``_total``.
        kind: kind of the metric.
        source: process that shows the metric.
        help: what is counted or measured, with its unit.
        labels: names of the labels.
        initial: label values that are shown from the start, with 0.
    """

    name: str
    kind: Kind
    source: str
    help: str
    labels: tuple[str, ...] = ()
    initial: tuple[tuple[str, ...], ...] = ()

    @property
    def family(self) -> str:
        """The name without the ending of counters, as client libraries are given it."""
        return self.name.removesuffix("_total")


def counter(
    name: str, source: str, text: str, labels: tuple[str, ...] = (), *initial: tuple[str, ...]
) -> Metric:
    """Declare a counter."""
    return Metric(name, "counter", source, text, labels, initial)


def gauge(name: str, source: str, text: str, labels: tuple[str, ...] = ()) -> Metric:
    """Declare a gauge."""
    return Metric(name, "gauge", source, text, labels)
