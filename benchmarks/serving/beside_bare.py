"""Lookups beside a bare route that returns the same bytes, in turns with the same tool."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import httpx
import orjson

from benchmarks.serving.bare import BULK_FILE, PAIR_FILE
from benchmarks.serving.lakes import HORIZONS, SHOP_COUNT
from benchmarks.serving.load import Load, put_load
from benchmarks.serving.servers import Server, bare, serving
from lakehouse.lake import Lake

ROUNDS, SECONDS, WARM_UP_SECONDS = 5, 6, 2
QUESTIONS, BULK_PAIRS = 5_000, 1_000
# A step that visits the pairs of a version far apart.
STRIDE = 7_919


@dataclass(frozen=True)
class Comparison:
    """The API beside the bare application: medians of several rounds.

    Attributes:
        rate: requests of the API per second.
        bare_rate: requests of the bare application per second.
        share: median of ``rate / bare_rate`` of each round.
        p99: latency of the API, ms.
        bare_p99: latency of the bare application, ms.
        p99_ratio: median of ``p99 / bare_p99`` of each round.
        failed: failed requests of either.
    """

    rate: float
    bare_rate: float
    share: float
    p99: float
    bare_p99: float
    p99_ratio: float
    failed: int


def compare_pairs(lake: Lake, rows: int, folder: Path) -> dict[str, object]:
    """Measure lookups of one pair."""
    return measure(lake, rows, folder, is_bulk=False)


def compare_bulk(lake: Lake, rows: int, folder: Path) -> dict[str, object]:
    """Measure lookups of 1,000 pairs."""
    return measure(lake, rows, folder, is_bulk=True)


def measure(lake: Lake, rows: int, folder: Path, *, is_bulk: bool) -> dict[str, object]:
    """Run both servers, and put load on each of them in turns."""
    pairs = list(spread_pairs(rows))
    questions, posted = folder / "questions.txt", folder / "question.json"
    lines = [f"/predict?shop_id={s}&item_id={i}" for s, i in pairs[:QUESTIONS]]
    questions.write_text("\n".join(["/predict"] if is_bulk else lines))
    listed = [{"shop_id": s, "item_id": i} for s, i in pairs[:BULK_PAIRS]]
    posted.write_bytes(orjson.dumps({"pairs": listed}))
    with serving(lake, folder) as api:
        (folder / PAIR_FILE).write_bytes(httpx.get(api.url + lines[0]).content)
        (folder / BULK_FILE).write_bytes(post(api, posted))
        with bare(folder) as other:
            body = posted if is_bulk else None
            for server in (api, other):
                put_load(server.url, questions, WARM_UP_SECONDS, body)
            rounds = [
                (
                    put_load(api.url, questions, SECONDS, body),
                    put_load(other.url, questions, SECONDS, body),
                )
                for _ in range(ROUNDS)
            ]
    return asdict(summarise(rounds))


def post(server: Server, question: Path) -> bytes:
    """Return the answer to a bulk question."""
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{server.url}/predict", content=question.read_bytes(), headers=headers)
    answer.raise_for_status()
    return answer.content


def spread_pairs(rows: int) -> Sequence[tuple[str, str]]:
    """Return pairs far apart from each other in a generated version."""
    items = rows // SHOP_COUNT // HORIZONS
    count = SHOP_COUNT * items
    numbers = [n * STRIDE % count for n in range(min(count, QUESTIONS))]
    return [(str(number // items), str(number % items)) for number in numbers]


def summarise(rounds: Sequence[tuple[Load, Load]]) -> Comparison:
    """Return the medians of rounds: (API, bare application)."""
    return Comparison(
        rate=round(median(api.rate for api, _ in rounds)),
        bare_rate=round(median(other.rate for _, other in rounds)),
        share=round(median(api.rate / other.rate for api, other in rounds), 3),
        p99=round(median(api.p99 for api, _ in rounds), 2),
        bare_p99=round(median(other.p99 for _, other in rounds), 2),
        p99_ratio=round(median(api.p99 / other.p99 for api, other in rounds), 2),
        failed=sum(api.failed + other.failed for api, other in rounds),
    )
