"""Aggregation of monthly cells into uncommitted files, for groups without and with item age."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from feature_store.cells import GroupCellsTask, PairCellsTask
from feature_store.cells_by_age import AgedCellsTask
from feature_store.work_units import aged_pieces, group_pieces, item_buckets, pair_pieces
from features.attributes import Attributes
from features.group import FeatureGroup
from features.groups import shop_item, sources_of_ages
from lakehouse.delta.parts import Part
from lakehouse.delta.work import do_work
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.stored import stored_profile

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Work:
    """The cells to aggregate.

    Attributes:
        lake: the lake that has the tables.
        spark: function that returns the Spark session, starting one if necessary.
        history: the lake's months.
        groups: the groups whose cells are wanted; the group of pairs, if included, is first.
        months: the months whose cells are wanted.
    """

    lake: Lake
    spark: "Callable[[], SparkSession]"
    history: MonthRange
    groups: Sequence[FeatureGroup]
    months: Sequence[date]

    @property
    def attributes(self) -> Attributes:
        """The attributes of shops and items that the lake's profile declares."""
        return Attributes.of(stored_profile(self.lake))


def plain_parts(work: Work) -> list[Part]:
    """Aggregate daily sales to pair cells, and pair cells to the other groups without item age."""
    lake, pair, buckets = work.lake, work.groups[0], item_buckets(work.lake)
    pieces = list(pair_pieces(lake, work.months, buckets))
    pairs = do_work(work.spark, lake, pieces, PairCellsTask(lake, pair, buckets))
    above = list(group_pieces(lake, pair, work.months, pairs))
    task = GroupCellsTask(lake, work.groups, work.attributes)
    return pairs + do_work(work.spark, lake, above, task)


def aged_parts(work: Work) -> list[Part]:
    """Aggregate the stored cells of pairs or of items to the cells of groups by item age."""
    profile = stored_profile(work.lake)
    below = sources_of_ages(work.groups, shop_item(profile.target_clip))
    task = AgedCellsTask(work.lake, tuple(work.groups), below, work.attributes)
    pieces = list(aged_pieces(work.lake, work.history, work.months, below))
    return do_work(work.spark, work.lake, pieces, task)
