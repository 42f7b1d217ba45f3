"""Suspect records of the stream: counts of ingested records that look wrong, in the metrics."""

import logging
from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sales.records import REJECTED, SALE
from ingestion.sales.unlisted import FIRST_IDS, LISTS, Listed
from lakehouse.delta import log
from lakehouse.delta.parts import DataFile, load_parts, of_table
from lakehouse.lake import Lake
from lakehouse.tables.bronze import REJECTED_SALES
from lakehouse.tables.silver import DAILY_SALES
from lakehouse.types import DATE
from streaming.queries.metrics import IngestMetrics

logger = logging.getLogger("shopcast")
# Most ids that are logged; further ids are only counted.
MOST_LOGGED = 1_000


@dataclass
class SuspectCounter:
    """Counts rejected records, early dates and unlisted ids of micro-batches in the metrics.

    Attributes:
        lake: the lake that has the tables.
        metrics: the metrics to update.
    """

    lake: Lake
    metrics: IngestMetrics
    _listed: tuple[Sequence[int], Listed] | None = field(default=None)
    _logged: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in LISTS})

    def count_records(self, records: pa.Table) -> None:
        """Count the suspect records among parsed ones, a table with ``records.PARSED``."""
        self._count_rejected(records.filter(pc.field("outcome") == REJECTED))
        self._count_sales(records.filter(pc.field("outcome") == SALE))

    def count_parts(self, parts: Sequence[DataFile]) -> None:
        """Count the suspect records in files that workers wrote; read one file at a time."""
        for part in of_table(parts, REJECTED_SALES):
            self._count_rejected(load_parts(self.lake, REJECTED_SALES, [part]))
        for part in of_table(parts, DAILY_SALES):
            self._count_sales(load_parts(self.lake, DAILY_SALES, [part]))

    def _count_rejected(self, rejected: pa.Table) -> None:
        reasons = Tally(pc.list_flatten(rejected["reasons"]).to_pylist())
        self.metrics.count_rejected(len(rejected), reasons)

    def _count_sales(self, sales: pa.Table) -> None:
        live = sales.filter(pc.invert(sales["is_cancelled"]))
        is_early = pc.greater(live["date"], live["ingested_at"].cast(DATE, safe=False))
        self.metrics.early_dates.inc(pc.sum(is_early).as_py() or 0)
        for name, ids in self._lists().count_unlisted(live).items():
            self.metrics.unlisted[name].inc(sum(ids.values()))
            self._log_new(name, ids)

    def _log_new(self, name: str, ids: Tally[str]) -> None:
        """Log ids that are in no list: each id once, the most frequent first.

        A call logs at most ``FIRST_IDS`` ids.
        """
        logged = self._logged[name]
        new = sorted(ids.keys() - logged, key=lambda text: (-ids[text], text))[:FIRST_IDS]
        if new and len(logged) < MOST_LOGGED:
            logged.update(new)
            count = sum(ids.values())
            logger.warning(
                "ingest: %d sales have a %s that no list has: %s", count, name, ", ".join(new)
            )

    def _lists(self) -> Listed:
        """Return the listed ids; read silver.shops and silver.items again if a list changed."""
        versions = [
            log.version(self.lake, table) if log.exists(self.lake, table) else -1
            for table in LISTS.values()
        ]
        if self._listed is None or self._listed[0] != versions:
            self._listed = (versions, Listed.of(self.lake))
        return self._listed[1]
