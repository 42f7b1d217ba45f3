"""Steps of the DAGs: commands of shopcast with their arguments and limits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shopcast_dags.settings import DagSettings

# One slot, shared by every step that writes the lake, so that no two of them run at once.
WRITERS, READERS = "shopcast_lake", "default_pool"


@dataclass(frozen=True)
class Step:
    """A command of shopcast as a task.

    Attributes:
        name: id of the task.
        command: name of the command: ``python -m jobs.<command>``.
        arguments: arguments of the command; Airflow renders templates in them.
        pool: pool that limits how many such tasks run at once.
        may_keep_champion: whether the run goes on with the champion if the command refuses the
            candidate.
        even_if_skipped: whether the task also runs after tasks that were skipped.
    """

    name: str
    command: str
    arguments: Sequence[str] = ()
    pool: str = WRITERS
    may_keep_champion: bool = False
    even_if_skipped: bool = False


@dataclass(frozen=True)
class Steps:
    """The steps of a deployment."""

    settings: DagSettings

    @property
    def lake(self) -> list[str]:
        """The argument that names the lake; none: LAKE_ROOT does."""
        return ["--lake", self.settings.lake] if self.settings.lake else []

    def check(self, name: str, month: str, reached: str) -> Step:
        """Ask the lake whether a month has reached a state."""
        horizons = ["--horizons", self.settings.horizons]
        asked = ["--month", month, "--reached", reached, *horizons]
        return Step(name, "check_month", [*self.lake, *asked], READERS)

    def closing(self, month: str) -> list[Step]:
        """Close a month, and ask the lake."""
        return [
            Step("close", "close_month", [*self.lake, "--month", month]),
            self.check("check_closed", month, "closed"),
        ]

    def forecasting(self, month: str) -> list[Step]:
        """Build, backtest, train, promote, forecast: the order and options of jobs.pipeline."""
        horizons = ["--horizons", self.settings.horizons]
        folds = ["--folds", str(self.settings.folds)]
        arguments = [*self.lake, *horizons]
        return [
            Step("features", "build_features", self.lake),
            Step("panel", "build_panel", arguments),
            self.check("check_built", month, "built"),
            Step("backtest", "backtest", [*arguments, *folds, "--estimators", "profile"]),
            Step("train", "train", [*arguments, "--as-is"]),
            Step("promote", "promote", [*arguments, *folds], may_keep_champion=True),
            Step("forecast", "forecast", arguments),
        ]

    def delivering(self, month: str) -> list[Step]:
        """Ask the lake for the forecast version, score older ones, and deliver both."""
        steps = [
            # Also of a month before the cutoff, from which nothing is made now.
            replace(self.check("check_forecast", month, "forecast"), even_if_skipped=True),
            Step("score", "score_forecasts", self.lake),
        ]
        if self.settings.copies:
            steps.append(Step("publish", "publish", self.lake))
        if self.settings.index:
            steps.append(Step("index", "index_scores", self.lake))
        return steps

    def updating(self) -> list[Step]:
        """Ingest new files, build what changed, and compare a sample with a rebuild."""
        files = ["--data", self.settings.data or "", "--profile", self.settings.profile or ""]
        return [
            Step("ingest", "ingest_history", [*self.lake, *files]),
            Step("features", "build_features", self.lake),
            Step("check_skew", "check_skew", self.lake),
        ]
