"""Stored runs: the table ``training_runs`` of the state database."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from sqlite3 import Row

from serving.state import StateFolder
from serving.training.run import Options, Run

SCHEMA = """
CREATE TABLE IF NOT EXISTS training_runs (
    id TEXT PRIMARY KEY,       -- first digits of the SHA-256 of the Idempotency-Key
    options TEXT NOT NULL,     -- JSON
    asked_by TEXT NOT NULL,
    asked_at TEXT NOT NULL,    -- ISO 8601, UTC
    counted INTEGER NOT NULL   -- 1: the outcome is in the metrics
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class RunStore:
    """The runs of a state folder."""

    state: StateFolder

    def add(self, run: Run) -> bool:
        """Store a new run; return False if the id is stored already."""
        values = (run.id, json.dumps(asdict(run.options)), run.asked_by, run.asked_at.isoformat())
        with self.state.transaction(SCHEMA) as database:
            insert = "INSERT OR IGNORE INTO training_runs VALUES (?, ?, ?, ?, 0)"
            return database.execute(insert, values).rowcount == 1

    def find(self, run_id: str) -> Run | None:
        """Return a run; None: no such run is stored."""
        runs = self._read("WHERE id = ?", run_id)
        return runs[0] if runs else None

    def newest(self, count: int) -> list[Run]:
        """Return the runs that were asked for last, newest first."""
        return self._read("ORDER BY asked_at DESC, id LIMIT ?", count)

    def beyond(self, count: int) -> list[Run]:
        """Return all runs but the newest ones, newest first."""
        return self._read("ORDER BY asked_at DESC, id LIMIT -1 OFFSET ?", count)

    def uncounted(self) -> list[Run]:
        """Return the runs whose outcome is not in the metrics."""
        return self._read("WHERE counted = ?", 0)

    def mark_counted(self, run_id: str) -> bool:
        """Mark a run as counted; return False if another worker has marked it."""
        with self.state.transaction(SCHEMA) as database:
            mark = "UPDATE training_runs SET counted = 1 WHERE id = ? AND counted = 0"
            return database.execute(mark, (run_id,)).rowcount == 1

    def forget(self, run_id: str) -> None:
        """Remove a run; the run's key may be used again."""
        with self.state.transaction(SCHEMA) as database:
            database.execute("DELETE FROM training_runs WHERE id = ?", (run_id,))

    def _read(self, condition: str, value: object) -> list[Run]:
        query = f"SELECT * FROM training_runs {condition}"
        return [run_of(row) for row in self.state.read_rows("training_runs", query, value)]


def run_of(row: Row) -> Run:
    """Read a run from a row of the table."""
    options = json.loads(row["options"])
    options["horizons"] = tuple(options["horizons"])
    asked_at = datetime.fromisoformat(row["asked_at"]).astimezone(UTC)
    return Run(row["id"], Options(**options), row["asked_by"], asked_at)
