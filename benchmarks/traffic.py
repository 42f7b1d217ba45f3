"""Traffic for the streaming benchmarks: random sales of a lake's shops and items → Kafka."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from kafka import KafkaProducer

from ingestion.lake_months import read_months
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.tables.silver import ITEMS, SHOPS

SALES, CATALOGUE = "daily-sales", "catalogue"
# Share of sales of the open month, and of the open month or the month before; the rest is older.
OPEN, RECENT = 0.95, 0.99


@dataclass(frozen=True)
class Sent:
    """A sent event.

    Attributes:
        at: time of sending, seconds since 1970.
        back: months from the event's month to the open month; 0: the open month.
        partition: Kafka partition.
        offset: Kafka offset.
    """

    at: float
    back: int
    partition: int
    offset: int


def sales(
    lake: Lake, seed: int, recent: float = RECENT, opened: float = OPEN
) -> Iterator[tuple[int, bytes]]:
    """Generate random sales without end.

    Args:
        lake: the lake whose shops, items and months are used.
        seed: seed of the random numbers.
        recent: share of sales of the open month or the month before, 0 to 1.
        opened: share of sales of the open month, 0 to 1.

    Yields:
        Months from the sale's month to the open month, and the sale as JSON.
    """
    chosen, months = random.Random(seed), read_months(lake)
    shops = sorted(read_table(lake, SHOPS, ["shop_id"])["shop_id"].to_pylist())
    items = sorted(read_table(lake, ITEMS, ["item_id"])["item_id"].to_pylist())
    while True:
        chance = chosen.random()
        older = chosen.randint(2, len(months.range) - 1)
        back = 0 if chance < opened else 1 if chance < recent else older
        first = plus_months(months.open_month, -back)
        sale = {
            "date": (first + timedelta(chosen.randrange(28))).isoformat(),
            "shop_id": chosen.choice(shops),
            "item_id": chosen.choice(items),
            "units": chosen.randint(1, 3),
            "price": f"{chosen.randint(100, 99999) / 100:.2f}",
        }
        yield back, json.dumps(sale).encode()


def moves(lake: Lake, seed: int) -> Iterator[tuple[bytes, bytes]]:
    """Generate sales of the open month with a sale_id, each with a correction that moves the sale.

    The correction has a random shop and item, and for one sale in ten a day of the month before.

    Yields:
        The sale and the correction, as JSON.
    """
    chosen = random.Random(seed)
    pairs = zip(sales(lake, seed, 1.0, 1.0), sales(lake, seed + 1, 1.0, 0.9), strict=True)
    for (_, before), (_, after) in pairs:
        named = {"sale_id": f"till-{chosen.getrandbits(64):x}"}
        first, second = ({**json.loads(value), **named} for value in (before, after))
        yield json.dumps(first).encode(), json.dumps(second).encode()


def send(
    servers: str, made: Iterator[tuple[int, bytes]], rate: float, seconds: float
) -> list[Sent]:
    """Send events for ``seconds`` seconds at ``rate`` per second; wait for the confirmations."""
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", linger_ms=5)
    pending, started = [], time.time()
    for number in range(int(rate * seconds)):
        due = started + number / rate
        while (now := time.time()) < due:
            time.sleep(min(0.01, due - now))
        back, value = next(made)
        pending.append((now, back, producer.send(SALES, value)))
    producer.flush()
    told = [(at, back, future.get()) for at, back, future in pending]
    producer.close()
    return [Sent(at, back, meta.partition, meta.offset) for at, back, meta in told]


def send_catalogue(servers: str, lake: Lake, count: int) -> float:
    """Send one message that changes the category of ``count`` items.

    Returns:
        Time of sending, seconds since 1970.
    """
    rows = read_table(lake, ITEMS, ["item_id", "name", "category_id"]).to_pylist()
    categories = sorted({row["category_id"] for row in rows})
    now = time.time()
    changed = [{**row, "category_id": categories[i]} for i, row in enumerate(rows[:count])]
    stated = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")
    producer.send(CATALOGUE, json.dumps({"items": changed, "updated_at": stated}).encode())
    producer.close()
    return now
