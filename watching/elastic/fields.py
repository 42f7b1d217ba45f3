"""Fields of the indices: those of the Elastic Common Schema, and shopcast's own below ``shopcast``.

Source: https://www.elastic.co/guide/en/ecs/8.17/ecs-field-reference.html
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """A field of a document.

    Attributes:
        name: dotted name.
        kind: Elasticsearch's type.
        help: what the field holds, with its unit.
        is_searched: whether the field is indexed; False: it is only kept.
    """

    name: str
    kind: str
    help: str
    is_searched: bool = True

    @property
    def mapping(self) -> dict[str, object]:
        """The mapping of the field."""
        if self.is_searched:
            return {"type": self.kind}
        return {"type": self.kind, "index": False, "doc_values": False}


@dataclass(frozen=True)
class Index:
    """A kind of index.

    Attributes:
        name: alias that readers use; indices are named by it and, ``is_monthly``, by the month.
        help: what a document is.
        fields: the fields, besides ``BASE``.
        is_monthly: whether each target month has an index.
    """

    name: str
    help: str
    fields: tuple[Field, ...]
    is_monthly: bool = False


BASE = (
    Field("@timestamp", "date", "first day of the month, or when it happened"),
    Field("ecs.version", "keyword", "version of the Elastic Common Schema"),
    Field("event.dataset", "keyword", "kind of document"),
    Field("service.name", "keyword", "process that made it"),
)
VERSION = (
    Field("shopcast.version", "keyword", "forecast version"),
    Field("shopcast.horizon", "long", "months from cutoff to target month"),
)
MEASURES = (
    Field("shopcast.rows", "long", "forecasts that were scored"),
    Field("shopcast.volume", "double", "sum of the absolute actual units"),
    Field("shopcast.rmse", "double", "root mean squared error, units"),
    Field("shopcast.mae", "double", "mean absolute error, units"),
    Field("shopcast.bias", "double", "mean of forecast minus actual, units"),
    Field("shopcast.wape", "double", "sum of absolute errors by volume"),
    Field("shopcast.coverage", "double", "share of actuals within p10 and p90"),
    Field("shopcast.abs_error", "double", "sum of absolute errors, units; wape = this by volume"),
    Field("shopcast.error", "double", "sum of forecast minus actual, units"),
    Field("shopcast.covered", "double", "actuals within p10 and p90"),
)
SEGMENT = (
    Field("shopcast.segment", "keyword", "how rows are divided; all: every row"),
    Field("shopcast.value", "keyword", "which of the segment's values"),
    Field("shopcast.forecaster", "keyword", "served, an estimator, or a naive baseline"),
    Field("shopcast.run", "keyword", "run that made the model, or the backtest"),
)
FORECASTS = Index(
    "shopcast-forecasts",
    "a forecast of a closed month beside what was sold",
    (
        *VERSION,
        Field("shopcast.shop.id", "keyword", "shop, aliases resolved"),
        Field("shopcast.shop.name", "keyword", "name of the shop"),
        Field("shopcast.item.id", "keyword", "item"),
        Field("shopcast.item.name", "keyword", "name of the item"),
        Field("shopcast.category", "keyword", "name of the item's category"),
        Field("shopcast.rung", "keyword", "nearest history that the forecast rests on"),
        Field("shopcast.forecast", "double", "mean units forecast"),
        Field("shopcast.p10", "double", "10 % quantile, units"),
        Field("shopcast.p50", "double", "50 % quantile, units"),
        Field("shopcast.p90", "double", "90 % quantile, units"),
        Field("shopcast.p95", "double", "95 % quantile, units"),
        Field("shopcast.actual", "double", "units sold"),
        Field("shopcast.volume", "double", "absolute units sold"),
        Field("shopcast.error", "double", "forecast minus actual, units"),
        Field("shopcast.abs_error", "double", "absolute error, units"),
        Field("shopcast.covered", "double", "1: the actual is within p10 and p90; 0: not"),
        Field("shopcast.digest", "keyword", "state of the sales that the document rests on"),
    ),
    is_monthly=True,
)
SCORES = Index(
    "shopcast-scores",
    "errors of a version in a closed month, by segment, beside naive forecasts",
    (
        *VERSION,
        *SEGMENT,
        *MEASURES,
        Field("shopcast.scored_at", "date", "when the errors were computed"),
    ),
)
BACKTESTS = Index(
    "shopcast-backtests",
    "errors of a model in a fold of a backtest, by segment",
    (
        Field("shopcast.horizon", "long", "months from cutoff to the month forecast"),
        Field("shopcast.cutoff", "date", "last month whose sales were visible, first day"),
        Field("shopcast.spine", "keyword", "rows that were scored: assortment or grid"),
        Field("shopcast.actuals", "keyword", "lake, or the files of the actual units"),
        *SEGMENT,
        *MEASURES,
    ),
)
JOB_RUNS = Index(
    "shopcast-job-runs",
    "a run of a command",
    (
        Field("event.start", "date", "when the run started"),
        Field("event.end", "date", "when the run ended"),
        Field("event.duration", "long", "duration, nanoseconds"),
        Field("event.outcome", "keyword", "success, failure or unknown"),
        Field("process.command_line", "keyword", "arguments; passwords are masked", False),
        Field("process.exit_code", "long", "exit code"),
        Field("service.version", "keyword", "version and revision of the program"),
        Field("shopcast.run", "keyword", "id of the run"),
        Field("shopcast.parent", "keyword", "run of jobs.pipeline that ran this step"),
        Field("shopcast.command", "keyword", "name of the command"),
        Field("shopcast.status", "keyword", "how the run ended"),
        Field("shopcast.rows", "long", "rows that the result line counts"),
        Field("shopcast.result", "keyword", "the result line, JSON", False),
    ),
)
LOGS = Index(
    "shopcast-logs",
    "a line of the log of the API, a command or a stream",
    (
        Field("message", "text", "the line in words"),
        Field("log.level", "keyword", "info, warning or error"),
        Field("log.logger", "keyword", "name of the logger"),
        Field("process.pid", "long", "process"),
        Field("event.duration", "long", "duration of the request, nanoseconds"),
        Field("event.outcome", "keyword", "success or failure"),
        Field("http.request.id", "keyword", "id of the request"),
        Field("http.request.method", "keyword", "method"),
        Field("http.response.status_code", "long", "status"),
        Field("http.response.body.bytes", "long", "bytes of the answer"),
        Field("url.path", "keyword", "path, without the query"),
        Field("client.address", "keyword", "address of the client"),
        Field("user.id", "keyword", "id of the caller's key"),
        Field("trace.id", "keyword", "trace that the request belongs to"),
        Field("error.type", "keyword", "class of an error"),
        Field("error.message", "text", "text of an error"),
        Field("error.stack_trace", "keyword", "where an error arose", False),
        Field("shopcast.result", "keyword", "forecast or unknown"),
        Field("shopcast.rung", "keyword", "nearest history that the forecast rests on"),
        Field("shopcast.pairs", "long", "pairs looked up"),
        Field("shopcast.version", "keyword", "forecast version"),
        Field("shopcast.run", "keyword", "id of the run in gold.job_runs"),
        Field("shopcast.command", "keyword", "name of the command"),
        Field("shopcast.shop_id", "keyword", "shop of a single pair"),
        Field("shopcast.item_id", "keyword", "item of a single pair"),
    ),
)
INDICES = (FORECASTS, SCORES, BACKTESTS, JOB_RUNS, LOGS)
