"""Repeats: messages of an upload that are equal to an earlier one of the same upload."""

from hashlib import blake2b

import numpy as np
import pyarrow as pa

# Digests of the first messages of an upload are remembered. A repeat of a later message counts as
# accepted; merged by the sale's identity, it changes nothing in the lake.
MOST_REMEMBERED = 250_000
BYTES = 16
DIGESTS = np.dtype(f"S{BYTES}")


class Repeats:
    """Finds messages that were seen before, exactly for the first ``MOST_REMEMBERED``."""

    def __init__(self) -> None:
        self._seen = np.empty(0, DIGESTS)

    def is_repeated(self, values: pa.ChunkedArray) -> pa.Array:
        """Flag the values, binary, that are equal to an earlier one; remember the new ones."""
        digests = [blake2b(value, digest_size=BYTES).digest() for value in values.to_pylist()]
        distinct, first = np.unique(np.array(digests, DIGESTS), return_index=True)
        places = np.searchsorted(self._seen, distinct)
        is_seen = np.zeros(len(distinct), bool)
        inside = places < len(self._seen)
        is_seen[inside] = self._seen[places[inside]] == distinct[inside]
        if len(self._seen) < MOST_REMEMBERED:
            self._seen = np.insert(self._seen, places[~is_seen], distinct[~is_seen])
        is_new = np.zeros(len(digests), bool)
        is_new[first[~is_seen]] = True
        return pa.array(~is_new)
