"""Files are divided among workers to the row, and read in pieces without losing one."""

from collections import Counter
from datetime import date

import pyarrow as pa
import pytest
from panels import made_up_panel

from features.feature_set import TARGET
from lakehouse.delta import files
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.panel_batches import FileRows, PanelShare, divide, list_files

MONTH = date(2015, 1, 1)


@pytest.mark.parametrize("counts", [[7], [1, 1, 1], [100, 1, 50, 3], [0, 4, 0]])
@pytest.mark.parametrize("shares", [1, 2, 3, 5])
def test_every_row_goes_to_one_worker_and_none_gets_a_row_more_than_another(
    counts: list[int], shares: int
) -> None:
    slices = [FileRows(MONTH, str(n), 0, rows) for n, rows in enumerate(counts)]
    divided = divide(slices, shares)
    given = Counter(
        (s.path, row) for share in divided for s in share for row in range(s.first, s.end)
    )
    assert given == Counter((str(n), row) for n, rows in enumerate(counts) for row in range(rows))
    sizes = [sum(s.end - s.first for s in share) for share in divided]
    assert max(sizes) - min(sizes) <= 1


def test_shares_together_read_what_the_table_holds(lake: Lake) -> None:
    rows = made_up_panel(lake, [40, 25])
    uri, names = lake.uri(rows.table), rows.features.names
    shares = [
        PanelShare(uri, ModelColumns.of(rows.features), tuple(share))
        for share in divide(list_files(rows), 3)
    ]
    found = [(month, batch) for share in shares for month, batch in share]
    stored = read_table(lake, rows.table, ["month", *names, TARGET]).to_pylist()
    read = [{"month": month, **row} for month, batch in found for row in batch.to_pylist()]
    assert sorted(read, key=str) == sorted(stored, key=str)


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("part", [(0, 27), (3, 20), (8, 9), (26, 27)])
def test_pieces_of_a_file_are_its_rows_in_their_order(
    lake: Lake, size: int, part: tuple[int, int]
) -> None:
    rows = made_up_panel(lake, [40])
    uri = lake.uri(rows.table)
    (path,) = (s.path for s in list_files(rows) if s.end == 27)
    pieces = list(files.batches(uri, path, ["near", "far"], size, part))
    assert max(len(piece) for piece in pieces) <= size
    whole = files.read(uri, [path], ["near", "far"])
    assert whole is not None
    assert pa.Table.from_batches(pieces).to_pylist() == whole.to_pylist()[slice(*part)]
