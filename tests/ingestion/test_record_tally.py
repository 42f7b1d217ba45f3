from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ingestion.reconciliation.reconciliation import FileReconciliation, require_balance
from ingestion.reconciliation.record_tally import RecordTallies, RecordTally, count_replaced
from lakehouse.errors import ReconciliationError


def keys(source: str, *offsets: int) -> pa.RecordBatch:
    return pa.record_batch({"source": [source] * len(offsets), "offset": pa.array(offsets)})


def test_records_that_are_stored_nowhere_are_listed() -> None:
    received, stored = RecordTallies(["a", "b"]), RecordTallies(["a", "b"])
    received.add("received", keys("a", 0, 1, 2, 3))
    received.add("received", keys("b", 0))
    stored.add("live", keys("a", 3, 0))
    stored.add("rejected", keys("b", 0))
    assert stored.unstored(received).to_pylist() == [
        {"source": "a", "offset": 1},
        {"source": "a", "offset": 2},
    ]
    assert stored["a"].ends == {"live": 2}


def test_a_record_that_is_stored_twice_counts_twice() -> None:
    tally = RecordTally()
    tally.add("live", np.array([0, 0]))
    assert tally.ends["live"] == 2
    assert tally.unseen(1).tolist() == []


def test_records_lost_from_bronze_are_unseen_too() -> None:
    tally = RecordTally()
    tally.add("received", np.array([0, 5]))
    assert tally.count == 6
    assert tally.unseen(6).tolist() == [1, 2, 3, 4]


def version(sale: str, updated_at: int, source: str = "s") -> dict[str, Any]:
    return {"sale_id": sale, "updated_at": updated_at, "source": source}


def test_only_a_newer_record_of_the_same_key_replaces() -> None:
    records = [version("a", 1), version("b", 3), version("c", 1), version("d", 1)]
    stored = [version("a", 2, "x"), version("b", 2, "x"), version("d", 1, "t")]
    found = count_replaced(
        pa.Table.from_pylist(records),
        pa.Table.from_pylist(stored),
        ["sale_id"],
        ["updated_at", "source"],
    )
    assert found == {"s": 2}


def test_a_file_without_a_difference_passes() -> None:
    require_balance(
        [FileReconciliation("s", 15, live=1, tombstones=2, superseded=3, not_a_sale=4, rejected=5)]
    )


@pytest.mark.parametrize("live", [0, 2])
def test_a_lost_or_doubled_record_is_told(live: int) -> None:
    with pytest.raises(
        ReconciliationError, match=rf"source s: 1 records received differ by {1 - live}"
    ):
        require_balance([FileReconciliation("s", 1, live=live)])
