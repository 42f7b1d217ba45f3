"""A feature or group that is declared wrongly does not construct; the names are computed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from meanings import UNCLIPPED

from features.attributes import Attributes
from features.feature_set import FeatureSet, feature_set
from features.group import (
    PRESENCE,
    SOLD_SHARE,
    Feature,
    FeatureGroup,
    age,
    lags,
    latest,
    means,
    months_since,
    sums,
    weighted,
)
from features.groups import feature_groups
from features.measure import Measure
from features.measures import PAIR_SOLD_SHARE
from features.ratio import Ratio
from features.statistic import AGE, EWM, LAG, LATEST, MEAN, MONTHS_SINCE, SUM, Statistic
from features.tables import features_table, monthly_table
from lakehouse.types import COUNT, UNITS

SALES = Measure(PRESENCE, "sales", "sum", COUNT, "lines")
FEATURES = feature_set(UNCLIPPED)
UNITS_SOLD = Measure("units", "units", "sum", UNITS, "units")
OPENING = (months_since(PRESENCE), age(PRESENCE))


def group(
    *features: Feature,
    measures: tuple[Measure, ...] = (SALES, PAIR_SOLD_SHARE, UNITS_SOLD),
    opening: tuple[Feature, ...] = OPENING,
) -> FeatureGroup:
    return FeatureGroup("item", ("item_id",), measures, (*features, *opening))


@pytest.mark.parametrize("lookback", [0, -1, -12])
@pytest.mark.parametrize(
    "statistic", [LAG, MEAN, EWM, SUM, LATEST, AGE, MONTHS_SINCE], ids=lambda s: s.name
)
def test_a_lookback_that_reads_the_target_month_does_not_construct(
    statistic: Statistic, lookback: int
) -> None:
    with pytest.raises(ValueError, match=rf"units .* {lookback}: .*reads the target month"):
        Feature("units", statistic, lookback)


@pytest.mark.parametrize("declare", [lags, latest, means, sums, weighted])
def test_a_list_of_lookbacks_is_checked_one_by_one(declare: type) -> None:
    with pytest.raises(ValueError, match=r"units .* 0"):
        declare("units", 1, 0, 3)


@pytest.mark.parametrize("statistic", [LAG, MEAN, EWM, SUM, LATEST], ids=lambda s: s.name)
def test_a_bounded_statistic_without_a_lookback_does_not_construct(statistic: Statistic) -> None:
    with pytest.raises(ValueError, match=f"{statistic.name} takes a number of months"):
        Feature("units", statistic, None)


@pytest.mark.parametrize("statistic", [AGE, MONTHS_SINCE], ids=lambda s: s.name)
def test_a_statistic_of_all_months_with_a_lookback_does_not_construct(
    statistic: Statistic,
) -> None:
    with pytest.raises(ValueError, match=f"units .* 3: {statistic.name} takes no lookback"):
        Feature("units", statistic, 3)


def test_a_feature_of_an_unknown_measure_does_not_construct() -> None:
    with pytest.raises(ValueError, match="group item: measure not declared: price"):
        group(*lags("price", 1))


def test_a_group_that_cannot_say_where_sales_are_does_not_construct() -> None:
    with pytest.raises(ValueError, match="group item: measure missing: sales"):
        group(*lags("units", 1), measures=(PAIR_SOLD_SHARE, UNITS_SOLD), opening=())


def test_a_group_that_cannot_say_when_in_a_month_sales_began_does_not_construct() -> None:
    with pytest.raises(ValueError, match=f"group item: measure missing: {SOLD_SHARE}"):
        group(*lags("units", 1), measures=(SALES, UNITS_SOLD))


@pytest.mark.parametrize("kept", [0, 1])
def test_a_group_that_later_builds_cannot_open_with_does_not_construct(kept: int) -> None:
    missing = OPENING[1 - kept].suffix
    with pytest.raises(ValueError, match=f"group item: feature missing: {missing}$"):
        group(*lags("units", 1), opening=(OPENING[kept],))


def test_the_age_of_another_measure_does_not_open() -> None:
    others = (months_since("units"), age("units"))
    with pytest.raises(ValueError, match="missing: sales_age_all, sales_since_all"):
        group(opening=others)


def test_a_measure_declared_twice_does_not_construct() -> None:
    with pytest.raises(ValueError, match="group item: declared twice: units"):
        group(measures=(SALES, PAIR_SOLD_SHARE, UNITS_SOLD, UNITS_SOLD))


def test_a_feature_declared_twice_does_not_construct() -> None:
    with pytest.raises(ValueError, match="group item: declared twice: units_lag_1"):
        group(*lags("units", 1, 2), *lags("units", 1))


def with_ratios(*ratios: Ratio) -> FeatureSet:
    return replace(FEATURES, ratios=ratios)


@pytest.mark.parametrize(
    "ratio",
    [
        Ratio("share", "item_nothing_lag_1", "item_pairs_lag_1", ""),
        Ratio("share", "item_target_lag_1", "item_nothing_lag_1", ""),
    ],
    ids=["numerator", "denominator"],
)
def test_a_ratio_of_an_unknown_column_does_not_construct(ratio: Ratio) -> None:
    with pytest.raises(ValueError, match="no such column: item_nothing_lag_1"):
        with_ratios(*FEATURES.ratios, ratio)


LEVEL = Ratio("level", "item_target_lag_1", "item_trend", "")


def test_a_ratio_of_one_declared_before_it_constructs() -> None:
    assert "level" in with_ratios(*FEATURES.ratios, LEVEL).names


def test_a_ratio_of_one_declared_after_it_does_not_construct() -> None:
    with pytest.raises(ValueError, match="no such column: item_trend"):
        with_ratios(LEVEL, *FEATURES.ratios)


def test_a_ratio_of_itself_does_not_construct() -> None:
    with pytest.raises(ValueError, match="no such column: level"):
        with_ratios(*FEATURES.ratios, replace(LEVEL, denominator="level"))


def test_two_columns_of_a_name_do_not_construct() -> None:
    twice = replace(FEATURES.ratios[0], name="item_target_lag_1")
    with pytest.raises(ValueError, match="declared twice: item_target_lag_1"):
        with_ratios(*FEATURES.ratios, twice)


def test_a_group_is_declared_for_every_attribute_and_for_items_by_those_of_shops() -> None:
    keys = {group.name: group.keys for group in feature_groups(UNCLIPPED)}
    assert keys["item_city"] == ("city", "item_id")
    assert [keys[name] for name in ("city", "franchise", "subtype", "type")] == [
        ("city",),
        ("franchise",),
        ("subtype",),
        ("type",),
    ]


def test_a_profile_without_attributes_has_the_fixed_groups_alone() -> None:
    bare = {"attributes": {}}
    shops, items = (part.model_copy(update=bare) for part in (UNCLIPPED.shops, UNCLIPPED.items))
    profile = UNCLIPPED.model_copy(update={"shops": shops, "items": items, "categories": None})
    assert not {g.name for g in feature_groups(profile)} & {"item_city", "city", "type"}
    assert feature_set(profile).attributes == Attributes((), ("category_id",))
    assert len(feature_set(profile).names) < len(FEATURES.names)


def test_a_columns_name_is_computed_from_its_declaration() -> None:
    assert group(*lags("units", 1, 12), *means("units", 3), *weighted("units", 6)).columns == (
        "item_units_lag_1",
        "item_units_lag_12",
        "item_units_mean_3",
        "item_units_ewm_6",
        "item_sales_since_all",
        "item_sales_age_all",
    )


def test_a_groups_lookback_is_the_longest_of_its_features() -> None:
    assert group(*lags("units", 1, 6), *means("units", 3)).lookback == 6
    assert group(*lags("units", 1), *means("units", 12)).lookback == 12
    assert group(*lags("units", 1), *weighted("units", 6)).lookback == 6
    assert group().lookback == 1


def test_a_group_opens_with_the_features_that_count_all_months() -> None:
    assert group(*lags("units", 1), *means("units", 12)).opening == OPENING
    for registered in feature_groups(UNCLIPPED):
        assert registered.opening == OPENING


@pytest.mark.parametrize("declare", [months_since, age])
def test_a_count_of_all_months_of_another_measure_does_not_construct(
    declare: Callable[[str], Feature],
) -> None:
    suffix = declare("units").suffix
    with pytest.raises(ValueError, match=f"group item: counts all .* than sales: {suffix}$"):
        group(declare("units"))


def test_the_tables_of_a_group_have_its_columns_and_say_what_they_mean() -> None:
    for declared in feature_groups(UNCLIPPED):
        cells, features = monthly_table(declared), features_table(declared)
        assert cells.names == (*declared.keys, "month", *(m.name for m in declared.measures))
        assert features.names == (*declared.keys, "month", *declared.columns)
        assert cells.key == features.key == (*declared.keys, "month")
        assert all(column.comment for column in (*cells.columns, *features.columns))


def test_the_model_has_at_least_41_columns_each_named_once() -> None:
    names = FEATURES.names
    assert len(names) == len(set(names)) >= 41
    assert names == [column.name for column in FEATURES.columns]
