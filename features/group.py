"""Declarations: a feature is a measure, a statistic and a lookback; a group shares one key."""

from collections.abc import Iterable
from dataclasses import dataclass

from features.measure import Measure
from features.statistic import AGE, LAG, MEAN, MONTHS_SINCE, SUM, Statistic

SHOP, ITEM, CATEGORY = "shop_id", "item_id", "category_id"


@dataclass(frozen=True)
class Feature:
    """A statistic of a measure over the months before the target month.

    Args:
        measure: name of the measure.
        statistic: what is computed.
        lookback: months back that it reads, at least 1; None: all.

    Raises:
        ValueError: the lookback would read the target month or later.
    """

    measure: str
    statistic: Statistic
    lookback: int | None

    def __post_init__(self) -> None:
        if self.lookback is not None and self.lookback < 1:
            raise ValueError(
                f"{self.measure} {self.statistic.name} {self.lookback}: "
                "a lookback below 1 reads the target month"
            )
        if self.statistic is LAG and self.lookback is None:
            raise ValueError(f"{self.measure} lag: a lag names one month, not all")

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


def total(measure: str) -> Feature:
    """Declare the sum over all months before."""
    return Feature(measure, SUM, None)


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
        measures: monthly aggregates; ``sales`` must be among them and says where sales are.
        features: what is computed of them.

    Raises:
        ValueError: a feature's measure is not declared, or two features are the same.
    """

    name: str
    keys: tuple[str, ...]
    measures: tuple[Measure, ...]
    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        known = {measure.name for measure in self.measures}
        refuse(self.name, "measure not declared", {f.measure for f in self.features} - known)
        refuse(self.name, "measure missing", {PRESENCE} - known)
        refuse(self.name, "declared twice", duplicates(f.suffix for f in self.features))

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


def refuse(group: str, why: str, names: Iterable[str]) -> None:
    """Raise ValueError where there are names to complain about."""
    found = sorted(names)
    if found:
        raise ValueError(f"group {group}: {why}: {', '.join(found)}")


def duplicates(names: Iterable[str]) -> set[str]:
    """Return the names that occur more than once."""
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
