"""Feature ablation: errors of models without each block of features, on the backtest's folds.

    python -m benchmarks.ablation --lake URI [--folds N] [--rounds N] [--out FILE]
    python -m benchmarks.ablation --lake URI --learn-from grid

Reads the gold panel of the assortment into memory, a float32 per row and column. Fits xgboost in
this process with the profile's parameters: once with all columns, then once without each block. The
rise of the RMSE without a block is the block's contribution; the fits use the same rows, folds and
seed. With --learn-from, measures one model that learns from the rows of another spine, on the rows
of the assortment. Writes the errors as JSON to standard output and to --out.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xgboost as xgb

from cli.command import start_logging
from features.feature_set import SPINES, TARGET, FeatureSet, feature_set, panel_table
from ingestion.lake_months import closed_months
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.month_range import month_number, month_numbers
from lakehouse.profile.model import ModelConfig
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.response import Response
from modelling.estimators.xgboost_model import parameters
from modelling.evaluation.folds import Fold, rolling_folds

Real = npt.NDArray[np.float32]
ALL = "all columns"


@dataclass(frozen=True)
class Rows:
    """The panel in memory.

    Attributes:
        batch: the month, the features and the target.
        values: ``[row, feature]`` float32.
        months: ``[row]`` int64, month numbers.
    """

    batch: pa.RecordBatch
    values: Real
    months: npt.NDArray[np.int64]

    @classmethod
    def read(cls, lake: Lake, features: FeatureSet, spine: str) -> "Rows":
        """Read the closed months of a spine's panel."""
        closed = closed_months(lake)
        columns = ["month", *features.names, TARGET]
        months = [("month", ">=", closed.first), ("month", "<=", closed.last)]
        table = read_table(lake, panel_table(features, spine), columns, months)
        batch = table.combine_chunks().to_batches()[0]
        return cls(
            batch,
            ModelColumns.of(features).matrix(batch),
            month_numbers(table["month"]),
        )

    def of(self, first: int, last: int) -> npt.NDArray[np.bool_]:
        """Return ``[row]`` bool: rows with month numbers from ``first`` to ``last`` inclusive."""
        return (self.months >= first) & (self.months <= last)


@dataclass(frozen=True)
class Trial:
    """The setup of the fits.

    Attributes:
        learned: rows to learn from.
        scored: rows to score.
        folds: training months and scored month of each fold.
        model: parameters of the model.
        bounds: lowest and highest forecast, units.
    """

    learned: Rows
    scored: Rows
    folds: Sequence[Fold]
    model: ModelConfig
    bounds: tuple[float, float]

    def errors(self, columns: Sequence[int]) -> list[Real]:
        """Return the errors per fold of a model that learns from some columns.

        Args:
            columns: positions of the features.

        Returns:
            Per fold ``[row]`` float32, forecast minus sold units.
        """
        values = self.learned.values[:, columns], self.scored.values[:, columns]
        return [self._of_fold(fold, *values) for fold in self.folds]

    def _of_fold(self, fold: Fold, known: Real, asked: Real) -> Real:
        response = Response(self.model.response)
        train = self.learned.of(month_number(fold.train.first), month_number(fold.train.last))
        score = self.scored.of(month_number(fold.month), month_number(fold.month))
        learned = self.learned.batch.filter(pa.array(train))
        data = xgb.QuantileDMatrix(
            known[train], label=response.label(learned), weight=response.weight(learned)
        )
        given = parameters(self.model)
        rounds = given.pop("n_estimators")
        predicted = xgb.train(given, data, rounds).inplace_predict(asked[score])
        scored = self.scored.batch.filter(pa.array(score))
        units = response.units(scored, predicted[:, None])[:, 0].clip(*self.bounds)
        wrong: Real = (units - scored[TARGET].to_numpy()).astype(np.float32)
        return wrong


def figures(errors: Sequence[Real]) -> dict[str, object]:
    """Pool errors over folds: RMSE and MAE, units, and the RMSE of each month."""
    pooled = np.concatenate(errors)
    return {
        "rmse": round(float(np.sqrt(np.mean(pooled**2))), 5),
        "mae": round(float(np.mean(np.abs(pooled))), 5),
        "by_month": [round(float(np.sqrt(np.mean(each**2))), 4) for each in errors],
    }


def compared(
    lake: Lake, folds: int, rounds: int | None, learn_from: str
) -> dict[str, dict[str, object]]:
    """Measure the model with all columns, and without each block of features.

    Args:
        lake: the lake that has the panel.
        folds: number of folds.
        rounds: boosting rounds; None: the profile's.
        learn_from: spine of the rows to learn from; for a spine other than the assortment, only
            the model with all columns is measured.

    Returns:
        Block → number of columns left out, and pooled errors.
    """
    profile = stored_profile(lake)
    features = feature_set(profile)
    model = profile.model.model_copy(update={"rounds": rounds} if rounds else {})
    clip = profile.target_clip
    bounds = (float(clip.low), float(clip.high)) if clip else (0.0, np.inf)
    planned = rolling_folds(closed_months(lake), model.first_training_month, folds)
    scored = Rows.read(lake, features, SPINES[0])
    is_own = learn_from == SPINES[0]
    learned = scored if is_own else Rows.read(lake, features, learn_from)
    trial = Trial(learned, scored, planned, model, bounds)
    named = [features.block_of(name) for name in features.names]
    found = {}
    for block in (ALL, *dict.fromkeys(named)) if is_own else (ALL,):
        kept = [at for at, name in enumerate(named) if name != block]
        found[block] = {"columns": len(named) - len(kept), **figures(trial.errors(kept))}
        progress("without %s: %s", block, found[block])
    return found


def main() -> int:
    """Measure from a command line, and write the errors as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.add_argument("--lake", required=True)
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--rounds", type=int, help="of boosting (default: the profile's)")
    parser.add_argument("--learn-from", choices=SPINES, default=SPINES[0], help="spine")
    parser.add_argument("--out", type=Path, help="JSON file")
    arguments = parser.parse_args()
    start_logging()
    found = compared(
        Lake.at(arguments.lake), arguments.folds, arguments.rounds, arguments.learn_from
    )
    text = json.dumps(found, indent=1)
    if arguments.out:
        arguments.out.write_text(text)
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
