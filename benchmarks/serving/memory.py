"""Start and memory of the API: cold, with the mapped file, and at the peak of a swap."""

import threading
import time
from pathlib import Path

import httpx

from benchmarks.process_tree import pss_kib
from benchmarks.serving.beside_bare import spread_pairs
from benchmarks.serving.lakes import publish
from benchmarks.serving.load import put_load
from benchmarks.serving.servers import Server, serving
from lakehouse.lake import Lake

LOAD_SECONDS, REFRESH_SECONDS, SWAP_SECONDS = 20, 1, 300


def measure_memory(lake: Lake, rows: int, folder: Path, *, workers: int) -> dict[str, object]:
    """Measure the time until ready and memory, MiB of proportional set size.

    Before each reading, lookups touch pairs all over the version.
    """
    questions = folder / "questions.txt"
    lines = [f"/predict?shop_id={s}&item_id={i}" for s, i in spread_pairs(rows)]
    questions.write_text("\n".join(lines))
    with serving(lake, folder) as cold:
        put_load(cold.url, questions, LOAD_SECONDS)
        alone = cold.mib
    with serving(lake, folder) as mapped:
        pass
    together = [mib_of_workers(lake, folder, count, questions) for count in (workers, workers + 1)]
    with serving(lake, folder, refresh=REFRESH_SECONDS) as swapping:
        peak = peak_of_swap(lake, rows, swapping, questions)
    return {
        "forecasts": rows,
        "ready_cold_seconds": round(cold.ready_seconds, 2),
        "ready_mapped_seconds": round(mapped.ready_seconds, 2),
        "one_worker_mib": alone,
        f"{workers}_workers_mib": together[0],
        "one_more_worker_mib": together[1] - together[0],
        "swap_peak_mib": peak,
    }


def mib_of_workers(lake: Lake, folder: Path, workers: int, questions: Path) -> int:
    """Return the memory of a server with several workers, MiB."""
    with serving(lake, folder, workers) as server:
        put_load(server.url, questions, LOAD_SECONDS)
        return server.mib


def peak_of_swap(lake: Lake, rows: int, server: Server, questions: Path) -> dict[str, int]:
    """Publish a version under load, and return the peak memory.

    Returns:
        ``server``: of the process that answers; ``with_builder``: of the tree, with the process
        that makes the new version's file.
    """
    peaks = {"server": 0, "with_builder": 0}
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.1):
            peaks["server"] = max(peaks["server"], pss_kib(server.pid) // 1024)
            peaks["with_builder"] = max(peaks["with_builder"], server.mib)

    put_load(server.url, questions, LOAD_SECONDS)
    watching = threading.Thread(target=watch)
    watching.start()
    asking = threading.Thread(target=put_load, args=(server.url, questions, LOAD_SECONDS * 2))
    try:
        publish(lake, "v001", rows, seed=1)
        asking.start()
        wait_for_version(server, "v001")
        asking.join()
    finally:
        is_over.set()
        watching.join()
    return peaks


def wait_for_version(server: Server, version: str) -> float:
    """Wait until a version is served; returns how long that took, seconds.

    Raises:
        TimeoutError: the version is not served in time.
    """
    started = time.monotonic()
    while time.monotonic() < started + SWAP_SECONDS:
        if httpx.get(f"{server.url}/readyz", timeout=30).json()["version"] == version:
            return time.monotonic() - started
        time.sleep(0.05)
    raise TimeoutError(f"{version} is not served after {SWAP_SECONDS} s")
