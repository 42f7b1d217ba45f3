"""Batches of panel rows → the matrix of bins that xgboost learns from, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import xgboost as xgb

from modelling.estimators.panel_batches import Labels, PanelBatches, Source

# Rows that decide on the bounds of bins, of all workers together; a bound is then off by less than
# a fifth of a bin. To sort all rows of a full-size panel takes longer than the rest of the matrix.
SAMPLE_ROWS = 500_000
SEED = 7


@dataclass(frozen=True)
class Bins:
    """The bounds of bins.

    Attributes:
        reference: a matrix that has them.
        count: bins of a feature, at most.
        threads: to use.
    """

    reference: xgb.QuantileDMatrix
    count: int
    threads: int

    def matrix(self, source: Source, labels: Labels) -> xgb.QuantileDMatrix:
        """Put rows into bins.

        Args:
            source: the rows.
            labels: what is learned from them.
        """
        return xgb.QuantileDMatrix(
            PanelBatches(source, labels),
            ref=self.reference,
            max_bin=self.count,
            nthread=self.threads,
        )

    def of(self, reference: xgb.QuantileDMatrix) -> "Bins":
        """Return the same bounds from another matrix, as xgboost wants those of rows to watch."""
        return replace(self, reference=reference)


def bins(source: Source, share: float, count: int, threads: int) -> Bins:
    """Find the bounds of bins from a draw of rows; of workers together, of all their rows.

    Args:
        source: the rows to draw from.
        share: of them that are drawn.
        count: bins of a feature, at most.
        threads: to use.
    """
    none = source.inputs.table(source.nothing())
    drawn = pa.concat_tables([none, *draw(source, share)]).combine_chunks()
    reference = xgb.QuantileDMatrix(drawn, max_bin=count, nthread=threads)
    return Bins(reference, count, threads)


def draw(source: Source, share: float) -> Iterator[pa.Table]:
    """Draw rows at random, the same ones for the same source."""
    random = np.random.default_rng(SEED)
    for _, batch in source:
        is_drawn = pa.array(random.random(len(batch)) < share)
        yield source.inputs.table(batch.filter(is_drawn))
