"""Publications under load: no failed request, no answer of two versions, no slow answer."""

import asyncio
import multiprocessing
import multiprocessing.synchronize
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson

from benchmarks.serving.beside_bare import spread_pairs
from benchmarks.serving.lakes import publish
from benchmarks.serving.memory import wait_for_version
from benchmarks.serving.servers import Server, serving
from lakehouse.lake import Lake

OVER: "multiprocessing.synchronize.Event"
# Publications come from other machines: here they give way to the server and its clients.
NICENESS = 19
GOOD, BROKEN_EVERY, REFRESH_SECONDS = 20, 4, 1
QUIET_SECONDS, BULK_PAIRS, CLIENTS, PAUSE = 20, 50, 4, 0.004


@dataclass
class Answers:
    """What clients saw.

    Attributes:
        seconds: latency of each answer.
        failed: answers that were not status 200, or none at all.
        mixed: answers with forecasts of another version than the answer names.
    """

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    mixed: int = 0

    @property
    def p99_ms(self) -> float:
        """Latency that 99 of 100 answers do not exceed, ms."""
        return round(float(np.percentile(self.seconds, 99)) * 1000, 2)


def measure_swaps(lake: Lake, rows: int, folder: Path) -> dict[str, object]:
    """Publish good and broken versions while clients ask, beside the same load without."""
    pairs = spread_pairs(rows)
    with serving(lake, folder, refresh=REFRESH_SECONDS) as server:
        quiet = ask_while(server, pairs, lambda: time.sleep(QUIET_SECONDS))
        visible: list[float] = []
        swapping = ask_while(server, pairs, lambda: visible.extend(publish_all(lake, rows, server)))
    return {
        "publications": GOOD,
        "broken": GOOD // BROKEN_EVERY,
        "requests": len(swapping.seconds),
        "failed": swapping.failed + quiet.failed,
        "mixed": swapping.mixed,
        "visible_seconds_most": round(max(visible), 1),
        "quiet_p99_ms": quiet.p99_ms,
        "swap_p99_ms": swapping.p99_ms,
        "p99_ratio": round(swapping.p99_ms / quiet.p99_ms, 2),
    }


def publish_all(lake: Lake, rows: int, server: Server) -> Sequence[float]:
    """Publish versions one after the other; returns the seconds until each was served."""
    os.nice(NICENESS)
    visible = []
    for number in range(1, GOOD + 1):
        if number % BROKEN_EVERY == 0:
            publish(lake, f"v{number:03}-broken", rows, seed=number, is_broken=True)
            time.sleep(2 * REFRESH_SECONDS)
        version = f"v{number:03}-good"
        publish(lake, version, rows, seed=number)
        visible.append(wait_for_version(server, version))
    return visible


def ask_while(
    server: Server, pairs: Sequence[tuple[str, str]], work: Callable[[], object]
) -> Answers:
    """Ask a server from another process while work is done here."""
    context = multiprocessing.get_context("spawn")
    is_over = context.Event()
    with ProcessPoolExecutor(1, context, initializer=share, initargs=(is_over,)) as clients:
        answers = clients.submit(ask_until_over, server.url, pairs)
        try:
            work()
        finally:
            is_over.set()
        return answers.result()


def share(is_over: "multiprocessing.synchronize.Event") -> None:
    """Keep in a client process the event that ends its asking."""
    global OVER
    OVER = is_over


def ask_until_over(url: str, pairs: Sequence[tuple[str, str]]) -> Answers:
    """Ask with several clients in turn for pairs alone and for many, until the event is set."""
    answers = Answers()

    async def ask_all() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=10) as client:
            parts = [pairs[number::CLIENTS] for number in range(CLIENTS)]
            await asyncio.gather(*(ask(client, part, answers) for part in parts))

    asyncio.run(ask_all())
    return answers


async def ask(
    client: httpx.AsyncClient, pairs: Sequence[tuple[str, str]], answers: Answers
) -> None:
    """Ask with pauses until the event is set: of ten questions one is about many pairs."""
    many = {"pairs": [{"shop_id": s, "item_id": i} for s, i in pairs[:BULK_PAIRS]]}
    for number in count():
        if OVER.is_set():
            return
        await asyncio.sleep(PAUSE)
        shop_id, item_id = pairs[number % len(pairs)]
        started = time.perf_counter()
        try:
            if number % 10:
                params = {"shop_id": shop_id, "item_id": item_id}
                answer = await client.get("/predict", params=params)
            else:
                answer = await client.post("/predict", json=many)
        except httpx.TransportError:
            answers.failed += 1
            continue
        answers.seconds.append(time.perf_counter() - started)
        answers.failed += answer.status_code != 200
        answers.mixed += answer.status_code == 200 and is_mixed(orjson.loads(answer.content))


def is_mixed(document: dict[str, Any]) -> bool:
    """Return whether an answer has forecasts of another version than it names."""
    version = document["version"]
    answered = document.get("predictions", [document])
    models = {forecast["model"] for pair in answered for forecast in pair["forecasts"]}
    return {pair["version"] for pair in answered} != {version} or any(
        not model.startswith(f"{version}/") for model in models
    )
