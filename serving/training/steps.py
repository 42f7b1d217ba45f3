"""Steps of a retraining: options of a run → command lines."""

from dataclasses import dataclass

from serving.training.run import Options

BUILD_FEATURES, BUILD_PANEL = "jobs.build_features", "jobs.build_panel"
TRAIN, PROMOTE, FORECAST = "jobs.train", "jobs.promote", "jobs.forecast"


@dataclass(frozen=True)
class Step:
    """A command of a run.

    Attributes:
        name: module of the command, run as ``python -m NAME``.
        arguments: of the command line.
    """

    name: str
    arguments: tuple[str, ...]


def list_steps(lake_root: str, options: Options) -> tuple[Step, ...]:
    """List the commands that train and promote, each of which redoes only what changed.

    Args:
        lake_root: URI of the lake.
        options: what is trained.
    """
    lake = ("--lake", lake_root)
    horizons = (*lake, "--horizons", ",".join(map(str, options.horizons)))
    family = ("--estimator", options.estimator) if options.estimator else ()
    steps = (
        Step(BUILD_FEATURES, lake),
        Step(BUILD_PANEL, horizons),
        Step(TRAIN, (*horizons, "--as-is", *family)),
        Step(PROMOTE, horizons),
    )
    return (*steps, Step(FORECAST, horizons)) if options.then_forecast else steps
