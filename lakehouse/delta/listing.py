"""Files, rows and states of the months of a table, listed from the Delta log."""

from collections import defaultdict
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from deltalake import DeltaTable

from lakehouse.delta import log
from lakehouse.delta.states import ROWS, as_digest, of_month
from lakehouse.delta.transactions import transaction_numbers
from lakehouse.delta.version_cache import VersionCache
from lakehouse.lake import Lake
from lakehouse.table import Table

# Month, path of a file below the table, rows of the file.
MonthAction: TypeAlias = tuple[date, str, int]
MONTH_ACTIONS = VersionCache[list[MonthAction]]()


@dataclass(frozen=True)
class Months:
    """The files and month states of one version of a table partitioned by month.

    Attributes:
        files: month → the month's files, as paths below the table.
        states: month → the month's state; see ``month_digests``.
    """

    files: Mapping[date, list[str]]
    states: dict[date, str]

    def states_after(
        self, months: Container[date], filled: Collection[date | None], state: str
    ) -> dict[date, str]:
        """Return the month states after some months were replaced.

        Args:
            months: the months replaced.
            filled: months that have rows afterwards; a replaced month outside has no state.
            state: the new state of the replaced months.
        """
        kept = {month: old for month, old in self.states.items() if month not in months}
        return kept | {month: state for month in filled if month and month in months}


def month_digests(lake: Lake, table: Table) -> dict[date, str]:
    """Return the state of each month that has rows: equal states mean equal rows.

    A commit that changes a month's rows changes the month's state; compaction does not. If no
    commit changed a month's rows since ADR 13, the month's state is the digest of its file names.
    """
    return list_months(lake, table).states


def list_months(lake: Lake, table: Table) -> Months:
    """Return the files and states of all months of a table's newest version."""
    opened = log.load(lake, table)
    files = files_of_months(opened)
    numbers = transaction_numbers(opened, lake.uri(table))
    states = {
        month: as_digest(numbers[name])
        if (name := of_month(ROWS, month)) in numbers
        else log.digest(sorted(paths))
        for month, paths in files.items()
    }
    return Months(files, states)


def table_digest(lake: Lake, table: Table) -> str:
    """Return the state of an unpartitioned table, as ``month_digests`` does for a month."""
    number = transaction_numbers(log.load(lake, table), lake.uri(table)).get(ROWS)
    return as_digest(number) if number is not None else log.digest(log.all_files(lake, table))


def names_digests(opened: DeltaTable) -> dict[date, str]:
    """Digest the sorted file names of each month of an opened version."""
    return {month: log.digest(sorted(paths)) for month, paths in files_of_months(opened).items()}


def month_files(lake: Lake, table: Table) -> dict[date, list[str]]:
    """Return the files of each month in a table's newest version, as paths below the table."""
    return files_of_months(log.load(lake, table))


def files_of_months(opened: DeltaTable) -> dict[date, list[str]]:
    """Return the files of each month of an opened version, as paths below the table."""
    files: dict[date, list[str]] = defaultdict(list)
    for month, path, _ in month_actions(opened):
        files[month].append(path)
    return dict(files)


def month_rows(lake: Lake, table: Table) -> dict[date, int]:
    """Count the rows of each month of a table from its log."""
    counts: dict[date, int] = defaultdict(int)
    for month, _, count in month_actions(log.load(lake, table)):
        counts[month] += count
    return dict(counts)


def file_rows(lake: Lake, table: Table) -> dict[str, int]:
    """Count the rows of each file of a table partitioned by month, by path below the table."""
    return {path: count for _, path, count in month_actions(log.load(lake, table))}


def month_actions(opened: DeltaTable) -> list[MonthAction]:
    """List (month, path, rows) of each file of a table partitioned by month, sorted.

    Files of rows without a month are left out.
    """
    return MONTH_ACTIONS.get(opened, read_month_actions)


def read_month_actions(opened: DeltaTable) -> list[MonthAction]:
    """Read what ``month_actions`` returns from the log."""
    actions = opened.get_add_actions(flatten=True)
    names = ("partition.month", "path", "num_records")
    columns = (actions[name].to_pylist() for name in names)
    return sorted(row for row in zip(*columns, strict=True) if row[0] is not None)
