"""Binned matrix: batches of panel rows → xgboost's quantile matrix, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import xgboost as xgb

from modelling.estimators.panel_batches import Labels, PanelBatches, PanelShare

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

    def matrix(self, share: PanelShare, labels: Labels) -> xgb.QuantileDMatrix:
        """Sort rows into bins.

        Args:
            share: the rows.
            labels: computes label and weight of a batch of the rows.
        """
        return xgb.QuantileDMatrix(
            PanelBatches(share, labels),
            ref=self.reference,
            max_bin=self.count,
            nthread=self.threads,
        )

    def of(self, reference: xgb.QuantileDMatrix) -> "Bins":
        """Refer to another matrix with the same bounds.

        xgboost takes the bounds of rows to score only from the training matrix.
        """
        return replace(self, reference=reference)


def bins(share: PanelShare, fraction: float, count: int, threads: int) -> Bins:
    """Compute the bounds of bins from a random sample of rows.

    Workers that a collective joins compute common bounds from the samples of all workers.

    Args:
        share: the rows to draw the sample from.
        fraction: fraction of rows in the sample, 0 to 1.
        count: the greatest number of bins of a feature.
        threads: threads that xgboost uses.
    """
    none = share.inputs.table(share.nothing())
    sample = pa.concat_tables([none, *draw(share, fraction)]).combine_chunks()
    reference = xgb.QuantileDMatrix(sample, max_bin=count, nthread=threads)
    return Bins(reference, count, threads)


def draw(share: PanelShare, fraction: float) -> Iterator[pa.Table]:
    """Draw a random sample of rows; the same share gives the same sample."""
    random = np.random.default_rng(SEED)
    for _, batch in share:
        is_drawn = pa.array(random.random(len(batch)) < fraction)
        yield share.inputs.table(batch.filter(is_drawn))
