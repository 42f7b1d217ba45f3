"""Champion health: age, backtest error and newest scores of champions, to decide on retraining."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from features.feature_set import FeatureSet
from forecasting.retrain import ChampionHealth, ServedScore
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, month_number
from lakehouse.tables.gold import ALL_ROWS, FORECAST_SCORES
from modelling.lineage import was_made_by
from modelling.promotion.champions import find_champion
from modelling.promotion.history import decisions, expected_error
from modelling.registry.registry import Registered, Registry


@dataclass(frozen=True)
class HealthCheck:
    """Assesses the champions of a lake.

    Attributes:
        lake: the lake that has the scores and the model history.
        registry: the registered models of the lake.
        features: the features declared now.
        closed: the closed months.
    """

    lake: Lake
    registry: Registry
    features: FeatureSet
    closed: MonthRange

    def assess_all(self, horizons: Iterable[int]) -> Iterator[ChampionHealth]:
        """Assess the champion of each horizon; ``age`` is null if the horizon has no champion."""
        for horizon in horizons:
            champion = find_champion(self.lake, self.registry, horizon)
            if champion is None:
                yield ChampionHealth(horizon, None)
            else:
                yield self.assess(champion, horizon)

    def assess(self, champion: Registered, horizon: int) -> ChampionHealth:
        """Assess one champion: age, expected and newest error, changes of features and code."""
        month, newest = newest_month(scores_of_model(self.lake, champion.run, horizon))
        cutoff = date.fromisoformat(champion.tags.get("cutoff", self.closed.last.isoformat()))
        return ChampionHealth(
            horizon=horizon,
            age=month_number(self.closed.last) - month_number(cutoff),
            expected=expected_error(decisions(self.lake, horizon), champion.version),
            month=month,
            scores=newest,
            features_changed=not champion.learned_from(self.features.names),
            code_changed=not was_made_by(champion.tags, self.features.groups),
        )


def newest_month(scores: Iterable[ServedScore]) -> tuple[date | None, dict[str, ServedScore]]:
    """Find the newest month in which a model's forecasts were scored, and the month's scores.

    If several versions forecast the month, only the newest version's scores count.

    Args:
        scores: scores of the forecasts of one model, and of naive forecasts of the same rows.

    Returns:
        The month, None if no forecast was scored; and forecaster, ``served`` or a baseline → score.
    """
    by_month: dict[tuple[date, str], dict[str, ServedScore]] = {}
    for score in scores:
        by_month.setdefault((score.month, score.version), {})[score.model] = score
    newest = max(by_month, default=None)
    return (None, {}) if newest is None else (newest[0], by_month[newest])


def scores_of_model(lake: Lake, run: str, horizon: int) -> list[ServedScore]:
    """Read the scores of a model's forecasts over all pairs from gold.forecast_scores."""
    if not log.exists(lake, FORECAST_SCORES):
        return []
    filters = [("segment", "=", ALL_ROWS), ("run", "=", run), ("horizon", "=", horizon)]
    columns = tuple(ServedScore.__dataclass_fields__)
    rows = read_table(lake, FORECAST_SCORES, columns, filters).to_pylist()
    return [ServedScore(**row) for row in rows]
