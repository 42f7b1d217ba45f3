"""Notes of what requests looked up, from which metrics and sampled lines of the log are made."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from serving.exchange import Lookup, note_lookup
from serving.lookup.answers import Asked
from serving.lookup.columns import Columns
from serving.lookup.pairs import Located
from serving.lookup.view import View


def note_pair(scope: Mapping[str, Any], view: View, columns: Columns, asked: Asked) -> None:
    """Note the lookup of a pair.

    Args:
        scope: of the request.
        view: what is answered from.
        columns: columns with the forecasts of the pair.
        asked: the pair.
    """
    rows = columns.rows_of(view.snapshot.shops.resolve(asked.shop_id), asked.item_id)
    rung = columns.kind_of(rows[0]).rung if rows else None
    version = view.snapshot.version.version
    note_lookup(scope, Lookup(rung, 1, version, asked.shop_id, asked.item_id))


def note_pairs(scope: Mapping[str, Any], located: Located) -> Located:
    """Note the lookup of many pairs, by the rung of each pair's first month, and return them."""
    columns, rows = located.columns, located.rows
    version = located.view.snapshot.version.version
    is_known = rows.counts > 0
    counts = np.bincount(columns.kinds_of(rows.firsts[is_known]), minlength=len(columns.kinds))
    by_rung: dict[str | None, int] = {None: int((~is_known).sum())}
    for kind, pairs in zip(columns.kinds, counts.tolist(), strict=True):
        by_rung[kind.rung] = by_rung.get(kind.rung, 0) + pairs
    for rung, pairs in by_rung.items():
        if pairs:
            note_lookup(scope, Lookup(rung, pairs, version))
    return located
