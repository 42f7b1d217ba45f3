"""Scope of a build: the lake, its months and groups, and what one run may write and has written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from feature_store.lineage import built_as_declared, stale
from feature_store.touched import Touched
from features.attributes import Attributes
from features.group import FeatureGroup
from features.groups import feature_groups
from lakehouse.delta.months import BuiltMonths, replace_months
from lakehouse.delta.parts import DataFile
from lakehouse.delta.work import Executor
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.profile import Profile
from lakehouse.table import Table

HORIZON = 1


@dataclass
class BuildScope:
    """What one run of a build reads, may write and has written.

    Attributes:
        lake: the lake whose tables are built.
        profile: the lake's profile, which declares the groups.
        executor: does the work, here or in Spark's workers.
        history: the lake's months, which have cells.
        wanted: the months that this run may write; None: all months.
        rebuild: whether months whose inputs did not change are built too.
        touched: keys with changed cells; a process that builds repeatedly passes the same object
            to every run.
        written: table path → rows written by this run.
    """

    lake: Lake
    profile: Profile
    executor: Executor
    history: MonthRange
    wanted: MonthRange | None = None
    rebuild: bool = False
    touched: Touched = field(default_factory=Touched)
    written: dict[str, int] = field(default_factory=dict)

    @property
    def targets(self) -> MonthRange:
        """The target months, which have features: the history shifted by one month."""
        return MonthRange(
            plus_months(self.history.first, 1), plus_months(self.history.last, HORIZON)
        )

    @cached_property
    def groups(self) -> tuple[FeatureGroup, ...]:
        """The declared groups, the group of pairs first."""
        return feature_groups(self.profile)

    @cached_property
    def attributes(self) -> Attributes:
        """The attributes of shops and items that the profile declares."""
        return Attributes.of(self.profile)

    def stale(self, digests: Mapping[date, str], table: Table) -> list[date]:
        """List the months of a table that this run must build.

        Args:
            digests: month → digest of the present inputs.
            table: a derived table.
        """
        is_redone = self.rebuild and table.path not in self.written
        built = {} if is_redone else built_as_declared(self.lake, table)
        months = stale(digests, built)
        return [month for month in months if self.wanted is None or month in self.wanted]

    def replace(self, table: Table, built: BuiltMonths, parts: Iterable[DataFile]) -> None:
        """Replace months of a table by written parts; the columns change if all months are built.

        Args:
            table: a derived table.
            built: the months; ``is_whole`` is set here.
            parts: uncommitted files; files of other tables and months are ignored.
        """
        is_whole = list(built.months) in (list(self.history), list(self.targets))
        built = replace(built, is_whole=is_whole)
        self.written[table.path] = replace_months(self.lake, table, built, parts)
