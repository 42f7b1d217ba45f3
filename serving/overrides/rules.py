"""Rules of overrides: what a row may say about a cell, beside the served forecasts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lakehouse.overrides import Cell, Override
from serving.lookup.columns import Columns
from serving.lookup.snapshot import Snapshot
from serving.models import first_day
from serving.overrides.rows import ReadRow
from serving.overrides.schemas import OverrideFault, OverrideRow


@dataclass(frozen=True)
class Rules:
    """What overrides are checked against.

    Attributes:
        snapshot: the served version.
        columns: forecasts of the version, of at least the pairs of the rows.
        stored: the override of each cell that counts now.
        bounds: smallest and greatest units.
        reasons: the reason codes.
    """

    snapshot: Snapshot
    columns: Columns
    stored: Mapping[Cell, Override]
    bounds: tuple[float, float]
    reasons: Sequence[str]


@dataclass(frozen=True)
class Sender:
    """Who sends overrides, and when."""

    author: str
    now: datetime


@dataclass
class Checked:
    """Rows by their verdict.

    Attributes:
        accepted: what is to be stored.
        unchanged: number of rows that say what is stored already.
        rejected: number of rows that break a rule.
        faults: reasons of rejected rows.
    """

    accepted: list[Override] = field(default_factory=list)
    unchanged: int = 0
    rejected: int = 0
    faults: list[OverrideFault] = field(default_factory=list)


def check_rows(rows: Sequence[ReadRow], rules: Rules, sender: Sender) -> Checked:
    """Sort rows by their verdict."""
    checked, lines = Checked(), dict[Cell, int]()
    for read in rows:
        faults = list(read.faults)
        override = None
        if read.row is not None:
            override = override_of(read.row, rules, sender)
            faults += faults_of(read.line, override, rules)
            first = lines.setdefault(override.cell, read.line)
            if first != read.line:
                text = f"line {first} is about the same shop, item and month"
                faults.append(fault(read.line, None, "repeated", text))
        if faults or override is None:
            checked.rejected += 1
            checked.faults += faults
        elif is_stored(override, rules.stored.get(override.cell)):
            checked.unchanged += 1
        else:
            checked.accepted.append(override)
    return checked


def override_of(row: OverrideRow, rules: Rules, sender: Sender) -> Override:
    """Return what a row would store; a withdrawal has neither reason nor comment."""
    shop_id = rules.snapshot.shops.resolve(row.shop_id)
    month = first_day(row.month)
    is_withdrawal = row.units is None
    return Override(
        shop_id,
        row.item_id,
        month,
        row.units,
        None if is_withdrawal else row.reason,
        None if is_withdrawal else row.comment or None,
        sender.author,
        sender.now,
        rules.snapshot.version.version,
        forecast_of(rules.columns, Cell(shop_id, row.item_id, month)),
    )


def forecast_of(columns: Columns, cell: Cell) -> float | None:
    """Return the model's units of a cell; None: not forecast."""
    rows = columns.rows_of(cell.shop_id, cell.item_id)
    of_month = (row for row in rows if columns.kind_of(row).month == cell.month)
    row = next(of_month, None)
    return None if row is None else float(columns.arrays["units"][row])


def faults_of(line: int, override: Override, rules: Rules) -> Iterator[OverrideFault]:
    """Yield the rules that an override breaks."""
    month, version = f"{override.month:%Y-%m}", rules.snapshot.version
    if override.month <= version.cutoff:
        text = f"{month} is closed; version {version.version} forecasts later months"
        yield fault(line, "month", "closed", text)
    elif override.units is not None and override.forecast is None:
        text = f"version {version.version} has no forecast of the shop, item and month"
        yield fault(line, None, "not_forecast", text)
    if override.units is None:
        return
    low, high = rules.bounds
    if not low <= override.units <= high:
        text = f"{override.units:g} is not between {low:g} and {high:g}, the profile's bounds"
        yield fault(line, "units", "out_of_bounds", text)
    if override.reason not in rules.reasons:
        text = f"{override.reason!r} is none of {', '.join(rules.reasons)}"
        yield fault(line, "reason", "unknown_reason", text)


def is_stored(override: Override, stored: Override | None) -> bool:
    """Return whether an override says what is stored already."""
    if stored is None or override.units is None:
        return stored is None and override.units is None
    said, known = ((each.units, each.reason, each.comment) for each in (override, stored))
    return said == known


def fault(line: int, name: str | None, code: str, text: str) -> OverrideFault:
    """Build the reason why a row is rejected."""
    return OverrideFault(line=line, field=name, code=code, text=text)
