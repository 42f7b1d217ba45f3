"""Groups of every declared shape keep the laws, and every law catches its planted defect."""

import os

import pytest
import sabotage
from feature_laws import (
    LAWS,
    Compute,
    Law,
    ages,
    density,
    forms,
    history_bounds,
    history_growth,
    key_locality,
    month_by_month,
    no_leak,
    opening,
    pickling,
    row_order,
    time_shift,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from meanings import UNCLIPPED
from random_cells import of_each_shape, quick_and_slow

from features.compute import compute
from features.group import FeatureGroup
from features.groups import feature_groups

GROUPS = of_each_shape(feature_groups(UNCLIPPED))
PAIR = GROUPS["shop_item"]
CALM = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow],
    "report_multiple_bugs": False,
}
# Locally other examples every time; a failure prints how to reproduce it.
GOOD = settings(**CALM, max_examples=10, derandomize="CI" in os.environ, print_blob=True)
BAD = settings(**CALM, max_examples=500, derandomize=True, phases=[Phase.generate])


def judge(law: Law, compute_: Compute, group: FeatureGroup, effort: settings) -> None:
    @effort
    @given(st.data())
    def run(data: st.DataObject) -> None:
        law(compute_, group, data)

    run()


@pytest.mark.parametrize("name", quick_and_slow(GROUPS))
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_group_keeps_the_law(law: Law, name: str) -> None:
    judge(law, compute, GROUPS[name], GOOD)


DEFECTS = [
    (no_leak, compute, sabotage.planted(PAIR, sabotage.TARGET_MONTH)),
    (no_leak, compute, sabotage.planted(PAIR, sabotage.ALL_TIME)),
    (no_leak, compute, sabotage.planted(PAIR, sabotage.TARGET_WEIGHTED)),
    (no_leak, sabotage.a_month_late, PAIR),
    (key_locality, compute, sabotage.planted(PAIR, sabotage.BESIDE_OTHERS)),
    (key_locality, compute, sabotage.planted(PAIR, sabotage.NEIGHBOUR)),
    (month_by_month, sabotage.keys_of_the_first_month, PAIR),
    (row_order, sabotage.float_sums_in_row_order, PAIR),
    (density, sabotage.keys_with_any_cell, PAIR),
    (density, sabotage.keys_of_the_last_month, PAIR),
    (density, sabotage.a_month_late, PAIR),
    (ages, compute, sabotage.planted(PAIR, sabotage.ACTIVE_MONTHS)),
    (forms, sabotage.whole_units, PAIR),
    (time_shift, sabotage.no_january, PAIR),
    (history_growth, compute, sabotage.planted(PAIR, sabotage.LAKE_MONTHS)),
    (history_growth, compute, sabotage.planted(PAIR, sabotage.ALL_TIME)),
    (history_bounds, sabotage.clamped, PAIR),
    (opening, sabotage.without_opening, PAIR),
    (opening, sabotage.a_month_older, PAIR),
    (opening, sabotage.without_the_last_sale, PAIR),
    (opening, compute, sabotage.planted(PAIR, sabotage.MONTH_MORE)),
    (opening, compute, sabotage.planted(PAIR, sabotage.ENDLESS_WEIGHTS)),
    (pickling, sabotage.age_by_identity, PAIR),
]
COMPLAINTS = {
    key_locality: "other keys matter",
    no_leak: "what follows .* matters",
    month_by_month: "some months|alone",
    row_order: "order matters",
    density: "missing .*, too many",
    ages: "months old after",
    forms: "form matters",
    time_shift: "months later",
    history_growth: "a new month matters",
    history_bounds: "cells outside matter",
    opening: "opening with .* matters",
    pickling: "a copy matters",
}


# Defects that few random sales show.
RARE = (
    sabotage.without_the_last_sale,
    sabotage.a_month_older,
    sabotage.age_by_identity,
    sabotage.float_sums_in_row_order,
)


@pytest.mark.parametrize(
    ("law", "compute_", "group"),
    [pytest.param(*d, marks=pytest.mark.slow if d[1] in RARE else ()) for d in DEFECTS],
    ids=[
        f"{law.__name__}-{(group.features[0].statistic.meaning if c is compute else c.__name__)}"
        for law, c, group in DEFECTS
    ],
)
def test_a_law_catches_a_planted_defect(law: Law, compute_: Compute, group: FeatureGroup) -> None:
    with pytest.raises(AssertionError, match=COMPLAINTS[law]):
        judge(law, compute_, group, BAD)


def test_every_law_is_proved_by_a_defect() -> None:
    assert {law for law, _, _ in DEFECTS} == set(LAWS) == set(COMPLAINTS)
