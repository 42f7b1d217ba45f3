"""Alert: the declaration that rules, routes and the runbook follow."""

from dataclasses import dataclass
from typing import Literal

from watching import thresholds as at

Severity = Literal["page", "warn"]
PAGE: Severity = "page"
WARN: Severity = "warn"
# What an alert is about. Alerts about what others rest on silence those others.
API, LAKE, STALE, FORECAST, ACCURACY, STREAM, FLOW = (
    "api",
    "lake",
    "stale",
    "forecast",
    "accuracy",
    "stream",
    "flow",
)


@dataclass(frozen=True)
class Rest:
    """What an alert rests on: where that is wrong, the alert says nothing new.

    Attributes:
        subject: subject of the alerts that are silenced.
        causes: subjects of the alerts that silence them.
        equal: labels that both must share.
    """

    subject: str
    causes: tuple[str, ...]
    equal: tuple[str, ...] = ()


RESTS = (
    Rest(STALE, (LAKE,)),
    Rest(FORECAST, (LAKE,)),
    Rest(ACCURACY, (LAKE, STALE)),
    Rest(FLOW, (STREAM,), ("job",)),
)


@dataclass(frozen=True)
class Alert:
    """An alert.

    Attributes:
        name: name of the alert.
        subject: what the alert is about.
        severity: ``page`` wakes a person, ``warn`` waits for the morning.
        expression: PromQL; the alert is on where a series is left.
        minutes: how long the expression must hold.
        summary: what is wrong, one sentence; ``{{ … }}`` as in Prometheus' templates.
        meaning: what the reader of the runbook should know.
        remedy: what to look at and what to run, Markdown.
    """

    name: str
    subject: str
    severity: Severity
    expression: str
    minutes: int
    summary: str
    meaning: str
    remedy: str

    @property
    def heading(self) -> str:
        """Heading of the alert in the runbook, as a link names it."""
        return self.name.lower()


@dataclass(frozen=True)
class Burn:
    """A pair of windows over which the budget of errors burns too fast.

    Attributes:
        short: shorter window; ends the alert soon after the errors end.
        long: longer window.
        factor: speed at which the budget of thirty days would be used up, as a multiple.
        severity: of the alert.
    """

    short: str
    long: str
    factor: float
    severity: Severity


# The windows of the SRE workbook, https://sre.google/workbook/alerting-on-slos/.
BURNS = (Burn("5m", "1h", 14.4, PAGE), Burn("30m", "6h", 6, PAGE), Burn("2h", "1d", 3, WARN))
WINDOWS = sorted({w for burn in BURNS for w in (burn.short, burn.long)}, key=lambda w: (w[-1], w))
ERRORS, SLOW = "shopcast:failures:ratio", "shopcast:slow:ratio"


def burning(ratio: str, share: float, severity: Severity) -> str:
    """Write the expression of an objective whose budget of errors burns too fast."""
    return "\nor\n".join(
        f"({ratio}_{burn.long} > {burn.factor * (1 - share):.6g}"
        f" and {ratio}_{burn.short} > {burn.factor * (1 - share):.6g}"
        f" and shopcast:requests:increase_{burn.long} >= {at.FEWEST_REQUESTS})"
        for burn in BURNS
        if burn.severity == severity
    )


def down(job: str) -> str:
    """Write the expression of a process that Prometheus cannot scrape, or does not know."""
    return f'up{{job="{job}"}} == 0 or absent(up{{job="{job}"}})'
