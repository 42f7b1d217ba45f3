"""Panel assembly: a spine's rows joined with features, inputs, ratios, calendar and target."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import integers, positions
from features.feature_set import TARGET, FeatureSet
from features.group import CATEGORY, ITEM, SHOP
from features.groups import ITEM_GROUP
from features.input_feature import Known
from features.spine import Spine
from lakehouse.types import FEATURE

Codes = npt.NDArray[np.int64]
# A dense lookup array over all combinations of ids is used up to this many places per row.
SPARSE = 4


@dataclass(frozen=True)
class PanelColumns:
    """What the columns of a target month's panel rows are made from.

    Attributes:
        features: the model's columns.
        groups: group name → ``[*keys, *columns]``, the group's features for that month.
        inputs: name of an input feature → the input's values, for each of ``features.inputs``.
    """

    features: FeatureSet
    groups: Mapping[str, pa.Table]
    inputs: Mapping[str, Known] = field(default_factory=dict)


def assemble(
    spine: Spine, month: date, columns: PanelColumns, actuals: pa.Table | None
) -> pa.Table:
    """Assemble the panel rows of one target month: each group's features joined on its key.

    Args:
        spine: the pairs.
        month: the target month.
        columns: what the columns are made from.
        actuals: ``[shop_id, item_id, target]`` of that month; None: the month is not closed.

    Returns:
        The columns of ``panel_table``, a row per pair, in the order of the spine. Features are
        null where the group has no row of the key; a pair without a sale in a closed month has
        target 0.
    """
    features, spine = columns.features, spine.aged(columns.groups[ITEM_GROUP.name])
    rows: dict[str, pa.Array] = {name: spine.column(name) for name in (SHOP, ITEM, CATEGORY)}
    rows["month"] = pa.repeat(pa.scalar(month, pa.date32()), len(spine))
    rows |= group_columns(spine, columns) | neighbour_columns(spine, columns)
    rows |= {f.name: look_up_input(spine, columns.inputs[f.name]) for f in features.inputs}
    for ratio in features.ratios:
        terms = (
            rows[name].to_numpy(zero_copy_only=False)
            for name in (ratio.numerator, ratio.denominator)
        )
        rows[ratio.name] = pa.array(ratio.compute(*terms), FEATURE, from_pandas=True)
    for feature in features.calendar:
        rows[feature.name] = pa.repeat(pa.scalar(feature.compute(month), FEATURE), len(spine))
    rows[TARGET] = target(spine, actuals)
    return pa.table(rows)


def group_columns(spine: Spine, columns: PanelColumns) -> dict[str, pa.Array]:
    """Look up the features of every group for the rows of a spine."""
    rows: dict[str, pa.Array] = {}
    for group in columns.features.groups:
        own = dict(zip(group.columns, group.columns, strict=True))
        rows |= join_columns(spine, columns.groups[group.name], group.keys, own)
    return rows


def neighbour_columns(spine: Spine, columns: PanelColumns) -> dict[str, pa.Array]:
    """Look up the features of the neighbours of a spine's items."""
    rows: dict[str, pa.Array] = {}
    neighbours = columns.features.neighbours
    for side in dict.fromkeys(neighbour.side for neighbour in neighbours):
        there = {n.column: n.of for n in neighbours if n.side == side}
        items = columns.groups[ITEM_GROUP.name].rename_columns({ITEM: side})
        rows |= join_columns(spine, items, (side,), there)
    return rows


def join_columns(
    spine: Spine, part: pa.Table, keys: tuple[str, ...], columns: Mapping[str, str]
) -> dict[str, pa.Array]:
    """Look up feature columns for every row of a spine.

    Args:
        spine: the pairs.
        part: ``[*keys, *features]``, unique on the keys.
        keys: key columns, which are ids of the spine.
        columns: column of the panel → column of ``part``.

    Returns:
        Column of the panel → ``[spine row]`` values; null where ``part`` lacks the key.
    """
    rows = nullable(rows_of(spine, part, keys))
    return {name: part[of].combine_chunks().take(rows) for name, of in columns.items()}


def look_up_input(spine: Spine, known: Known) -> pa.Array:
    """Look up an input's value for every row of a spine; ``known.absent`` where there is no row."""
    rows = nullable(rows_of(spine, known.rows, known.keys))
    values = known.rows["value"].combine_chunks().take(rows)
    if known.absent is None:
        return values
    return pc.if_else(pc.is_null(rows), pa.scalar(known.absent, FEATURE), values)


def nullable(rows: Codes) -> pa.Array:
    """Return row numbers as an Arrow array; -1 becomes null."""
    return pa.array(rows, pa.int64(), mask=rows < 0)


def rows_of(spine: Spine, part: pa.Table, keys: tuple[str, ...]) -> Codes:
    """Find the row of a table that has the key of each spine row.

    Args:
        spine: the pairs.
        part: ``[*keys, …]``, unique on the keys.
        keys: key columns, which are ids of the spine.

    Returns:
        ``[spine row]`` row number in ``part``; -1 where ``part`` lacks the key.
    """
    codes = [positions(part[name], spine.ids[name]) for name in keys]
    asked = np.flatnonzero(np.all([code >= 0 for code in codes], axis=0))
    sizes = [len(spine.ids[name]) for name in keys]
    stored = combine_codes([code[asked] for code in codes], sizes)
    wanted = combine_codes([spine.codes[name] for name in keys], sizes)
    if math.prod(sizes) > SPARSE * (len(wanted) + len(stored)):
        return search_numbers(wanted, stored, asked)
    table = np.full(math.prod(sizes), -1, np.int64)
    table[stored] = asked
    return table[wanted]


def combine_codes(codes: Sequence[Codes], sizes: Sequence[int]) -> Codes:
    """Combine the codes of several ids into one unique number per row.

    Args:
        codes: ``[row]`` codes from 0, one array per id.
        sizes: the number of distinct codes of each id.
    """
    numbers = np.zeros(len(codes[0]), np.int64)
    for code, size in zip(codes, sizes, strict=True):
        numbers = numbers * size + code
    return numbers


def search_numbers(wanted: Codes, numbers: Codes, rows: Codes) -> Codes:
    """Find numbers by binary search, in memory proportional to the numbers given.

    Args:
        wanted: ``[n]`` numbers to find.
        numbers: ``[m]`` unique numbers.
        rows: ``[m]`` row number that belongs to each known number.

    Returns:
        ``[n]`` row number of each wanted number; -1 where ``numbers`` lacks the number.
    """
    if not len(numbers):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(numbers)
    at = np.minimum(np.searchsorted(numbers[order], wanted), len(numbers) - 1)
    row_numbers: Codes = np.where(numbers[order][at] == wanted, rows[order][at], -1)
    return row_numbers


def target(spine: Spine, actuals: pa.Table | None) -> pa.Array:
    """Return the actual target of every spine row, in units; null if the month is not closed.

    Args:
        spine: the pairs.
        actuals: ``[shop_id, item_id, target]``; None: the month is not closed.
    """
    if actuals is None:
        return pa.nulls(len(spine), FEATURE)
    rows = rows_of(spine, actuals, (SHOP, ITEM))
    scale = 10 ** actuals[TARGET].type.scale
    units = np.append(integers(actuals[TARGET]) / scale, 0.0)
    return pa.array(units[rows].astype(np.float32), FEATURE)
