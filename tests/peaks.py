"""Peak memory of a piece of work: what Arrow and NumPy held at most, in bytes."""

import tracemalloc
from collections.abc import Callable

import pyarrow as pa

# Buffers that outlive the work (of tables that the program keeps) are freed into their pool, which
# must then still be there.
POOLS: list[pa.MemoryPool] = []


def peak_bytes(work: Callable[[], object]) -> int:
    """Do work and return the most bytes that Arrow and Python's allocators held for it.

    The two peaks are added up, although they may be of different moments.
    """
    usual = pa.default_memory_pool()
    mine = pa.proxy_memory_pool(usual)
    POOLS.append(mine)
    pa.set_memory_pool(mine)
    tracemalloc.start()
    try:
        work()
        return int(mine.max_memory()) + tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)
