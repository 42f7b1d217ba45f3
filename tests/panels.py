"""Panels of a few made-up features, written to a lake as the real ones are."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from feature_store.panel.rows import PanelRows
from features.attributes import Attributes
from features.feature_set import TARGET, FeatureSet
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.table import Column
from lakehouse.types import FEATURE

FIRST = date(2015, 1, 1)


@dataclass(frozen=True)
class MadeUp(FeatureSet):
    """Features without declarations."""

    made_up: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(Column(name, FEATURE, "made up") for name in self.made_up)


def made_up_rows(seed: int, rows: int) -> pa.Table:
    """Rows ``[near, far, rare, target]``.

    ``far`` is null for a third, whose target is 5 more; ``rare`` is known for 1 of 20.
    """
    random = np.random.default_rng(seed)
    near, far, rare = random.normal(0, 3, (3, rows)).astype(np.float32)
    is_far_known, is_rare_known = random.random(rows) > 1 / 3, random.random(rows) < 1 / 20
    target = near + np.where(is_far_known, far, 5) + np.where(is_rare_known, 2 * rare, 0)
    return pa.table(
        {
            "near": near,
            "far": pa.array(far, mask=~is_far_known),
            "rare": pa.array(rare, mask=~is_rare_known),
            TARGET: (target + random.normal(0, 0.3, rows)).astype(np.float32),
        }
    )


def made_up_panel(lake: Lake, by_month: list[int], far: float | None = None) -> PanelRows:
    """Write a panel with so many rows in each month from FIRST on, in two files a month.

    Where ``far`` is given, it stands in place of that column's nulls.
    """
    months = tuple(plus_months(FIRST, n) for n in range(len(by_month)))
    found = PanelRows(
        lake,
        MadeUp((), (), (), Attributes((), ()), made_up=("near", "far", "rare")),
        "grid",
        months,
    )
    for n, (month, rows) in enumerate(zip(months, by_month, strict=True)):
        drawn = made_up_rows(n, rows)
        if far is not None:
            drawn = drawn.set_column(1, "far", drawn["far"].fill_null(far))
        ids = {
            "shop_id": pa.repeat("1", rows),
            "item_id": pa.array(map(str, range(rows))),
            "category_id": pa.repeat("1", rows),
            "month": pa.repeat(pa.scalar(month, pa.date32()), rows),
        }
        whole = pa.table(ids | dict(zip(drawn.column_names, drawn.columns, strict=True)))
        for part in (whole.slice(0, rows // 3), whole.slice(rows // 3)):
            append_rows(lake, found.table, part)
    return found
