"""assemble: the rows of a spine with every group's features, ratios, calendar and target."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType

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
# A table of all combinations of ids is laid out where it has at most so many places for each row.
SPARSE = 4
NOTHING: Mapping[str, Known] = MappingProxyType({})


def assemble(
    spine: Spine,
    month: date,
    parts: Mapping[str, pa.Table],
    actuals: pa.Table | None,
    features: FeatureSet,
    inputs: Mapping[str, Known] = NOTHING,
) -> pa.Table:
    """Join each group's features of one target month to the rows of a spine, on the group's key.

    Args:
        spine: the pairs.
        month: the target month.
        parts: group name → ``[*keys, *columns]`` of that month.
        actuals: ``[shop_id, item_id, target]`` of that month; None: it is not closed.
        features: the model's columns.
        inputs: feature's name → what its input says, for each of ``features.inputs``.

    Returns:
        The columns of ``panel_table``, a row per pair of the spine, in its order. A key that a
        group does not have is null there; a pair without a sale in a closed month has target 0.
    """
    spine = spine.aged(parts[ITEM_GROUP.name])
    columns: dict[str, pa.Array] = {name: spine.column(name) for name in (SHOP, ITEM, CATEGORY)}
    columns["month"] = pa.repeat(pa.scalar(month, pa.date32()), len(spine))
    for group in features.groups:
        own = dict(zip(group.columns, group.columns, strict=True))
        columns.update(joined(spine, parts[group.name], group.keys, own))
    for side in dict.fromkeys(neighbour.side for neighbour in features.neighbours):
        there = {n.column: n.of for n in features.neighbours if n.side == side}
        items = parts[ITEM_GROUP.name].rename_columns({ITEM: side})
        columns.update(joined(spine, items, (side,), there))
    for declared in features.inputs:
        columns[declared.name] = looked_up(spine, inputs[declared.name])
    for ratio in features.ratios:
        terms = (
            columns[name].to_numpy(zero_copy_only=False)
            for name in (ratio.numerator, ratio.denominator)
        )
        columns[ratio.name] = pa.array(ratio.compute(*terms), FEATURE, from_pandas=True)
    for feature in features.calendar:
        columns[feature.name] = pa.repeat(pa.scalar(feature.compute(month), FEATURE), len(spine))
    columns[TARGET] = target(spine, actuals)
    return pa.table(columns)


def joined(
    spine: Spine, part: pa.Table, keys: tuple[str, ...], columns: Mapping[str, str]
) -> dict[str, pa.Array]:
    """Return features for every row of a spine.

    Args:
        spine: the pairs.
        part: ``[*keys, *features]``, unique on the keys.
        keys: names of the spine's ids.
        columns: name in the panel → name in the part.
    """
    found = rows_of(spine, part, keys)
    rows = pa.array(found, pa.int64(), mask=found < 0)
    return {name: part[of].combine_chunks().take(rows) for name, of in columns.items()}


def looked_up(spine: Spine, known: Known) -> pa.Array:
    """Return what an input says for every row of a spine."""
    found = rows_of(spine, known.rows, known.keys)
    rows = pa.array(found, pa.int64(), mask=found < 0)
    values = known.rows["value"].combine_chunks().take(rows)
    if known.absent is None:
        return values
    return pc.if_else(pc.is_null(rows), pa.scalar(known.absent, FEATURE), values)


def rows_of(spine: Spine, part: pa.Table, keys: tuple[str, ...]) -> Codes:
    """Find each spine row's row in a table that is unique on some of the spine's ids.

    Returns:
        ``[spine row]`` the row of the table, -1 where there is none.
    """
    codes = [positions(part[name], spine.ids[name]) for name in keys]
    asked = np.flatnonzero(np.all([code >= 0 for code in codes], axis=0))
    sizes = [len(spine.ids[name]) for name in keys]
    known = combined([code[asked] for code in codes], sizes)
    wanted = combined([spine.codes[name] for name in keys], sizes)
    if math.prod(sizes) > SPARSE * (len(wanted) + len(known)):
        return searched(wanted, known, asked)
    table = np.full(math.prod(sizes), -1, np.int64)
    table[known] = asked
    return table[wanted]


def combined(codes: Sequence[Codes], sizes: Sequence[int]) -> Codes:
    """Make one number of the codes of several ids.

    Args:
        codes: per id ``[row]``, from 0.
        sizes: per id how many codes there are.
    """
    numbers = np.zeros(len(codes[0]), np.int64)
    for code, size in zip(codes, sizes, strict=True):
        numbers = numbers * size + code
    return numbers


def searched(wanted: Codes, known: Codes, rows: Codes) -> Codes:
    """Find numbers among known ones, in memory of as many rows as there are.

    Args:
        wanted: ``[number]``.
        known: ``[row]``, unique.
        rows: the number of each known row.

    Returns:
        ``[number]`` the row, -1 where there is none.
    """
    if not len(known):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(known)
    at = np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)
    found: Codes = np.where(known[order][at] == wanted, rows[order][at], -1)
    return found


def target(spine: Spine, actuals: pa.Table | None) -> pa.Array:
    """Return the actual target of every row; null where the month is not closed."""
    if actuals is None:
        return pa.nulls(len(spine), FEATURE)
    rows = rows_of(spine, actuals, (SHOP, ITEM))
    scale = 10 ** actuals[TARGET].type.scale
    units = np.append(integers(actuals[TARGET]) / scale, 0.0)
    return pa.array(units[rows].astype(np.float32), FEATURE)
