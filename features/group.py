"""Declarations: a feature is a measure, a statistic and a lookback; a group shares one key."""

from collections.abc import Iterable
from dataclasses import dataclass

from features.measure import Measure
from features.statistic import AGE, EWM, LAG, LATEST, MEAN, MONTHS_SINCE, SUM, Statistic

SHOP, ITEM, CATEGORY = "shop_id", "item_id", "category_id"
# What the catalogue does not say of a shop or an item.
UNKNOWN = "unknown"
# The keys of an item's neighbours, and what stands for a neighbour that an item does not have: no
# item has an empty id, but one may be called "unknown".
BEFORE, AFTER, NO_ITEM = "item_before", "item_after", ""


@dataclass(frozen=True)
class Feature:
    """A statistic of a measure over the months before the target month.

    Args:
        measure: name of the measure.
        statistic: what is computed.
        lookback: months back that it reads, at least 1; None for one that is not bounded.
        where: for the last value: the measure that is not 0 in the month that it is of, so that
            two of them are of one month; None: the measure itself.

    Raises:
        ValueError: the lookback would read the target month or later, or is not the statistic's;
            or another statistic than the last value is told where.
    """

    measure: str
    statistic: Statistic
    lookback: int | None
    where: str | None = None

    def __post_init__(self) -> None:
        name = f"{self.measure} {self.statistic.name} {self.lookback}"
        if self.lookback is not None and self.lookback < 1:
            raise ValueError(f"{name}: a lookback below 1 reads the target month")
        if self.statistic.is_bounded != (self.lookback is not None):
            wanted = "a number of months" if self.statistic.is_bounded else "no lookback"
            raise ValueError(f"{name}: {self.statistic.name} takes {wanted}")
        if self.where is not None and self.statistic != LATEST:
            raise ValueError(f"{name}: where {self.where} is for {LATEST.name} alone")

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures that it reads."""
        return (self.measure,) if self.where is None else (self.measure, self.where)

    @property
    def meaning(self) -> str:
        """What is computed of the measure."""
        if self.where is None:
            return self.statistic.meaning
        return f"value of the last month before whose {self.where} is not 0"

    @property
    def suffix(self) -> str:
        """The feature's name within its group."""
        lookback = "all" if self.lookback is None else str(self.lookback)
        return f"{self.measure}_{self.statistic.name}_{lookback}"


def lags(measure: str, *months: int) -> tuple[Feature, ...]:
    """Declare the values that many months before."""
    return tuple(Feature(measure, LAG, lookback) for lookback in months)


def means(measure: str, *months: int) -> tuple[Feature, ...]:
    """Declare rolling means over that many months."""
    return tuple(Feature(measure, MEAN, lookback) for lookback in months)


def weighted(measure: str, *months: int) -> tuple[Feature, ...]:
    """Declare means over that many months, each weighing half of the one after it."""
    return tuple(Feature(measure, EWM, lookback) for lookback in months)


def sums(measure: str, *months: int) -> tuple[Feature, ...]:
    """Declare sums over that many months."""
    return tuple(Feature(measure, SUM, lookback) for lookback in months)


def latest(measure: str, *months: int, where: str | None = None) -> tuple[Feature, ...]:
    """Declare the last values that are not 0, or where another measure is not, within months."""
    return tuple(Feature(measure, LATEST, lookback, where) for lookback in months)


def months_since(measure: str) -> Feature:
    """Declare the months since the last that is not 0."""
    return Feature(measure, MONTHS_SINCE, None)


def age(measure: str) -> Feature:
    """Declare the months since the key's first sale."""
    return Feature(measure, AGE, None)


@dataclass(frozen=True)
class FeatureGroup:
    """The measures and features of one key.

    Args:
        name: prefix of every column.
        keys: columns of the key.
        measures: monthly aggregates; ``sales`` and ``sold_share`` must be among them and say when
            sales are.
        features: what is computed of them; the months since the last sale and the key's age must
            be among them, because later builds open with them.

    Raises:
        ValueError: a feature's measure is not declared, or two measures or features are the same;
            or a feature counts all months of another measure than sales, which opening rows do
            not know.
    """

    name: str
    keys: tuple[str, ...]
    measures: tuple[Measure, ...]
    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        known = {measure.name for measure in self.measures}
        asked = {name for feature in self.features for name in feature.measures}
        refuse(self.name, "measure not declared", asked - known)
        refuse(self.name, "measure missing", {PRESENCE, SOLD_SHARE} - known)
        opening = {months_since(PRESENCE).suffix, age(PRESENCE).suffix}
        refuse(self.name, "feature missing", opening - {f.suffix for f in self.features})
        counted = {f.suffix for f in self.opening if f.measure != PRESENCE}
        refuse(self.name, f"counts all months of another measure than {PRESENCE}", counted)
        refuse(self.name, "declared twice", duplicates(m.name for m in self.measures))
        refuse(self.name, "declared twice", duplicates(f.suffix for f in self.features))

    @property
    def lookback(self) -> int:
        """The most months that a bounded feature reads."""
        return max((f.lookback for f in self.features if f.lookback is not None), default=1)

    @property
    def measures_read(self) -> set[str]:
        """The names of the measures that features are computed of."""
        asked = (name for feature in self.features for name in feature.measures)
        return {PRESENCE, SOLD_SHARE, *asked}

    @property
    def opening(self) -> tuple[Feature, ...]:
        """The features that, at some month, stand for all history before it."""
        return tuple(f for f in self.features if not f.statistic.is_bounded)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the features' columns."""
        return tuple(self.column(feature) for feature in self.features)

    def column(self, feature: Feature) -> str:
        """Name a feature's column."""
        return f"{self.name}_{feature.suffix}"

    def measure(self, name: str) -> Measure:
        """Return the measure of a name."""
        return next(measure for measure in self.measures if measure.name == name)


# The measure that counts sales: a key exists from its first month where this is not 0.
PRESENCE = "sales"
# The measure that says when in a month the first sale was.
SOLD_SHARE = "sold_share"


def refuse(group: str, why: str, names: Iterable[str]) -> None:
    """Raise ValueError where there are names to complain about."""
    found = sorted(names)
    if found:
        raise ValueError(f"group {group}: {why}: {', '.join(found)}")


def duplicates(names: Iterable[str]) -> set[str]:
    """Return the names that occur more than once."""
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
