"""Binned matrix: batches of panel rows → xgboost's quantile matrix, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import xgboost as xgb

from modelling.estimators.panel_batches import Labels, PanelBatches, Source

# Rows, over all workers, from which xgboost computes the bounds of bins. With this many, a bound is
# off by less than a fifth of a bin. Sorting all rows of a full-size panel takes longer than the
# rest of the matrix.
SAMPLE_ROWS = 500_000
SEED = 7


@dataclass(frozen=True)
class Bins:
    """The bounds of the bins of all features.

    Attributes:
        reference: a matrix that has the bounds.
        count: the greatest number of bins of a feature.
        threads: threads that xgboost uses.
    """

    reference: xgb.QuantileDMatrix
    count: int
    threads: int

    def matrix(self, source: Source, labels: Labels) -> xgb.QuantileDMatrix:
        """Sort rows into bins.

        Args:
            source: the rows.
            labels: computes label and weight of a batch of the rows.
        """
        return xgb.QuantileDMatrix(
            PanelBatches(source, labels),
            ref=self.reference,
            max_bin=self.count,
            nthread=self.threads,
        )

    def of(self, reference: xgb.QuantileDMatrix) -> "Bins":
        """Refer to another matrix with the same bounds.

        xgboost takes the bounds of rows to score only from the training matrix.
        """
        return replace(self, reference=reference)


def bins(source: Source, share: float, count: int, threads: int) -> Bins:
    """Compute the bounds of bins from a random sample of rows.

    Workers that a collective joins compute common bounds from the samples of all workers.

    Args:
        source: the rows to draw the sample from.
        share: share of rows in the sample, 0 to 1.
        count: the greatest number of bins of a feature.
        threads: threads that xgboost uses.
    """
    none = source.inputs.table(source.nothing())
    drawn = pa.concat_tables([none, *draw(source, share)]).combine_chunks()
    reference = xgb.QuantileDMatrix(drawn, max_bin=count, nthread=threads)
    return Bins(reference, count, threads)


def draw(source: Source, share: float) -> Iterator[pa.Table]:
    """Draw a random sample of rows; the same source gives the same sample."""
    random = np.random.default_rng(SEED)
    for _, batch in source:
        is_drawn = pa.array(random.random(len(batch)) < share)
        yield source.inputs.table(batch.filter(is_drawn))
