"""Boosting: what one worker fits to its share of the panel, jointly with the other workers."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import xgboost as xgb

from lakehouse.errors import RefusedError
from modelling.estimators.binned_matrix import SAMPLE_ROWS, bins
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.panel_batches import Labels, PanelShare, targets
from modelling.estimators.response import Response

BINS = 256
ROUNDS = "n_estimators"
SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True)
class BoostingTask:
    """What to fit.

    Attributes:
        inputs: panel columns to learn from.
        parameters: parameters of ``xgboost.train``.
        rounds: the greatest number of boosting rounds.
        labels: computes label and weight of a batch; by default the label is the target.
        workers: tasks that train together; None: every task slot.
        patience: rounds without a smaller error on the scored rows after which boosting ends and
            returns the trees of the best round; None: boosting runs all rounds.
    """

    inputs: ModelColumns
    parameters: Mapping[str, object]
    rounds: int
    labels: Labels = targets
    workers: int | None = None
    patience: int | None = None

    @classmethod
    def of(
        cls,
        inputs: ModelColumns,
        parameters: Mapping[str, object],
        response: Response,
        workers: int | None = None,
        patience: int | None = None,
    ) -> "BoostingTask":
        """Make the task of parameters that have the number of rounds as ``n_estimators``."""
        others = {name: value for name, value in parameters.items() if name != ROUNDS}
        rounds = int(str(parameters[ROUNDS]))
        labels = targets if response.is_plain else response.labels
        return cls(inputs, others, rounds, labels, workers, patience)


@dataclass(frozen=True)
class Learning:
    """The training job that the driver sends to every worker.

    Attributes:
        task: what to fit.
        train: the training rows, one share per worker.
        scored: rows on which boosting measures the error, one share per worker; empty: none.
        threads: threads of each worker.
    """

    task: BoostingTask
    train: tuple[PanelShare, ...]
    scored: tuple[PanelShare, ...] = ()
    threads: int = 1

    def require_rows(self) -> None:
        """Check that at least one worker has training rows.

        Raises:
            RefusedError: no worker has rows; run build_panel for the months.
        """
        if not any(source.rows for source in self.train):
            raise RefusedError("No panel rows to train on; run build_panel for those months.")

    @property
    def sample(self) -> float:
        """The share of training rows, 0 to 1, from which the bounds of bins are computed."""
        return min(1.0, SAMPLE_ROWS / sum(source.rows for source in self.train))

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters of ``xgboost.train``, with the number of bins and threads."""
        fixed = {"tree_method": "hist", "max_bin": BINS}
        return {**fixed, **self.task.parameters, "nthread": self.threads}

    def fit(self, worker: int) -> xgb.Booster:
        """Fit boosted trees, jointly with the workers that a collective joins."""
        pa.set_cpu_count(self.threads)
        labels, count = self.task.labels, int(str(self.parameters["max_bin"]))
        bounds = bins(self.train[worker], self.sample, count, self.threads)
        train = bounds.matrix(self.train[worker], labels)
        bounds = bounds.of(train)
        scored = [(bounds.matrix(share, labels), "scored") for share in self.scored[worker:][:1]]
        pa.default_memory_pool().release_unused()
        return xgb.train(
            self.parameters,
            train,
            self.task.rounds,
            evals=scored,
            verbose_eval=False,
            callbacks=self._callbacks(worker),
        )

    def _callbacks(self, worker: int) -> list[xgb.callback.TrainingCallback]:
        progress = [RoundsLog(self.task.rounds)] if worker == 0 else []
        if self.task.patience is None or not self.scored:
            return progress
        return [*progress, xgb.callback.EarlyStopping(self.task.patience, save_best=True)]


class RoundsLog(xgb.callback.TrainingCallback):  # type: ignore[misc]
    """Callback that writes the progress of boosting to the terminal."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self._last_line = time.monotonic()

    def after_iteration(self, model: object, epoch: int, evals_log: object) -> bool:
        """Write a line to stderr every ten seconds; return False so that boosting continues."""
        del model, evals_log
        if time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            sys.stderr.write(f"training: {epoch + 1} of {self._rounds} rounds\n")
        return False
