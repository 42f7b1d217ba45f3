"""Feature declarations: a feature is a measure, a statistic and a lookback; groups share a key."""

from collections.abc import Iterable
from dataclasses import dataclass

from features.measure import Measure
from features.statistic import AGE, EWM, LAG, LATEST, MEAN, MONTHS_SINCE, SUM, Statistic

SHOP, ITEM, CATEGORY = "shop_id", "item_id", "category_id"
# The keys of an item's neighbours, and what stands for a neighbour that an item does not have: no
# item has an empty id, but one may be called "unknown".
BEFORE, AFTER, NO_ITEM = "item_before", "item_after", ""


@dataclass(frozen=True)
class Feature:
    """A statistic of a measure over the months before the target month.

    Args:
        measure: name of the measure.
        statistic: the statistic that is computed from the measure.
        lookback: number of months before the target month that the statistic reads, at least 1;
            None for a statistic that reads all months.
        where: only for ``latest``: name of the measure that must not be 0 in the month that is
            read, so that two features can read the same month; None: the feature's own measure.

    Raises:
        ValueError: the lookback is below 1 and would read the target month; the statistic needs a
            lookback and has none, or the reverse; or ``where`` is given for a statistic other
            than ``latest``.
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
        """The names of the measures that the feature reads."""
        return (self.measure,) if self.where is None else (self.measure, self.where)

    @property
    def meaning(self) -> str:
        """The feature's meaning, for the comment of a column."""
        if self.where is None:
            return self.statistic.meaning
        return f"value of the last month before whose {self.where} is not 0"

    @property
    def suffix(self) -> str:
        """The feature's name within its group."""
        lookback = "all" if self.lookback is None else str(self.lookback)
        return f"{self.measure}_{self.statistic.name}_{lookback}"


def lags(measure: str, *months: int) -> tuple[Feature, ...]:
    """Declare lags: the value of each given number of months before the target month."""
    return tuple(Feature(measure, LAG, lookback) for lookback in months)


def means(measure: str, *months: int) -> tuple[Feature, ...]:
    """Declare rolling means over each given number of months."""
    return tuple(Feature(measure, MEAN, lookback) for lookback in months)


def weighted(measure: str, *months: int) -> tuple[Feature, ...]:
    """Declare weighted means over each given number of months; a month weighs half of the next."""
    return tuple(Feature(measure, EWM, lookback) for lookback in months)


def sums(measure: str, *months: int) -> tuple[Feature, ...]:
    """Declare rolling sums over each given number of months."""
    return tuple(Feature(measure, SUM, lookback) for lookback in months)


def latest(measure: str, *months: int, where: str | None = None) -> tuple[Feature, ...]:
    """Declare last values that are not 0, within each given number of months.

    Args:
        measure: name of the measure that is read.
        months: lookbacks, in months.
        where: name of the measure that must not be 0 in the month read; None: ``measure``.
    """
    return tuple(Feature(measure, LATEST, lookback, where) for lookback in months)


def months_since(measure: str) -> Feature:
    """Declare the number of months since a measure was last not 0."""
    return Feature(measure, MONTHS_SINCE, None)


def age(measure: str) -> Feature:
    """Declare the number of months since the key's first sale."""
    return Feature(measure, AGE, None)


@dataclass(frozen=True)
class FeatureGroup:
    """The measures and features of one key.

    Args:
        name: prefix of every feature column.
        keys: columns of the key.
        measures: monthly aggregates; must include ``sales`` and ``sold_share``, from which the
            date of the first sale is computed.
        features: features of the measures; must include the months since the last sale and the
            key's age, because incremental builds start from these two.

    Raises:
        ValueError: a feature's measure is not declared; a required measure or feature is missing;
            a measure or feature is declared twice; or an unbounded feature reads a measure other
            than sales, for which incremental builds have no opening value.
    """

    name: str
    keys: tuple[str, ...]
    measures: tuple[Measure, ...]
    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        declared = {measure.name for measure in self.measures}
        asked = {name for feature in self.features for name in feature.measures}
        refuse(self.name, "measure not declared", asked - declared)
        refuse(self.name, "measure missing", {PRESENCE, SOLD_SHARE} - declared)
        opening = {months_since(PRESENCE).suffix, age(PRESENCE).suffix}
        refuse(self.name, "feature missing", opening - {f.suffix for f in self.features})
        counted = {f.suffix for f in self.opening if f.measure != PRESENCE}
        refuse(self.name, f"counts all months of another measure than {PRESENCE}", counted)
        refuse(self.name, "declared twice", duplicates(m.name for m in self.measures))
        refuse(self.name, "declared twice", duplicates(f.suffix for f in self.features))

    @property
    def lookback(self) -> int:
        """The longest lookback of the bounded features, in months."""
        return max((f.lookback for f in self.features if f.lookback is not None), default=1)

    @property
    def measures_read(self) -> set[str]:
        """The names of the measures that features are computed from."""
        asked = (name for feature in self.features for name in feature.measures)
        return {PRESENCE, SOLD_SHARE, *asked}

    @property
    def opening(self) -> tuple[Feature, ...]:
        """The unbounded features: their values at a month summarise all history before the month.

        Incremental builds start from these values instead of reading all cells.
        """
        return tuple(f for f in self.features if not f.statistic.is_bounded)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the features' columns."""
        return tuple(self.column(feature) for feature in self.features)

    def column(self, feature: Feature) -> str:
        """Return the name of a feature's column."""
        return f"{self.name}_{feature.suffix}"

    def measure(self, name: str) -> Measure:
        """Return the measure with a name."""
        return next(measure for measure in self.measures if measure.name == name)


# The measure that counts sales: a key exists from the first month in which this measure is not 0.
PRESENCE = "sales"
# The share of a month that remained at the first sale, so that ages are exact to the day.
SOLD_SHARE = "sold_share"


def refuse(group: str, why: str, names: Iterable[str]) -> None:
    """Reject a declaration with wrong names.

    Raises:
        ValueError: ``names`` is not empty; the message has ``why`` and the names.
    """
    wrong = sorted(names)
    if wrong:
        raise ValueError(f"group {group}: {why}: {', '.join(wrong)}")


def duplicates(names: Iterable[str]) -> set[str]:
    """Return the names that occur more than once."""
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
