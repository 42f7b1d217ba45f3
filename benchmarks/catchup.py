"""Catch-up: a whole history from Kafka to daily_sales, compared with a bare append to Delta.

    python -m benchmarks.catchup --data DIR --work DIR --out FILE [--profile sample] [--trigger N]

Sends the files of DIR to a real broker. Then measures three stages, each in a new process whose
Spark session is started before the clock: Spark's Kafka source → parsed columns → a Delta append;
the ingest query with the same trigger size; and the refresh of the ingested sales, compared with a
batch build of the same lake. Writes the times as JSON to FILE.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.traffic import CATALOGUE, SALES
from cli.command import start_logging
from feature_store.build import Build
from ingestion.lake_months import close, read_months
from lakehouse.context import Context
from lakehouse.delta import listing, log
from lakehouse.lake import Lake
from lakehouse.settings import JobSettings
from lakehouse.tables.silver import DAILY_SALES
from streaming import ingest as ingest_command
from streaming.kafka.settings import kafka_settings
from streaming.kafka.topics import create_topics
from streaming.local_broker.broker import Broker
from streaming.queries.metrics import RefreshMetrics
from streaming.queries.refresh import Refresh

FIELDS = "date DATE, shop_id STRING, item_id STRING, units DECIMAL(18,3), price DECIMAL(18,6)"


def bare(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Append the parsed columns of Kafka's records to a Delta table."""
    from pyspark.sql import functions as F

    spark, place = context.spark, f"{arguments.work}/bare"
    options = {
        "subscribe": SALES,
        "startingOffsets": "earliest",
        "maxOffsetsPerTrigger": arguments.trigger,
    }
    records = (
        spark.readStream.format("kafka")
        .options(**kafka_settings({}).spark_options(), **options)
        .load()
        .select(
            F.from_json(F.col("value").cast("string"), FIELDS).alias("sale"),
            "topic",
            "partition",
            "offset",
            "timestamp",
        )
        .select("sale.*", "topic", "partition", "offset", "timestamp")
    )
    started = time.monotonic()
    query = records.writeStream.format("delta").trigger(availableNow=True)
    query.option("checkpointLocation", f"{place}-checkpoint").start(place).awaitTermination()
    return {"seconds": time.monotonic() - started}


def ours(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the ingest query on all records of the topics."""
    options = [
        "--lake",
        f"{arguments.work}/lake",
        "--profile",
        arguments.profile,
        "--available-now",
        "--max-records",
        str(arguments.trigger),
    ]
    parsed = ingest_command.JOB.parser().parse_args(options)
    started = time.monotonic()
    figures = ingest_command.run(context, parsed)
    rows = log.row_count(Lake.at(f"{arguments.work}/lake"), DAILY_SALES)
    return {"seconds": time.monotonic() - started, "rows": rows, **figures}


def refreshed(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Refresh the ingested sales, then rebuild the same cells and features in a batch."""
    lake, spark = Lake.at(f"{arguments.work}/lake"), lambda: context.spark
    last = max(listing.month_rows(lake, DAILY_SALES))
    while (open_month := read_months(lake).open_month) < last:
        close(lake, open_month, context.now)
    started = time.monotonic()
    refresh = Refresh(lake, spark, RefreshMetrics())
    while refresh(is_last=True):
        pass
    ended = time.monotonic()
    batch = Build.of(lake, spark)
    batch.rebuild = True
    batch.run()
    return {"seconds": ended - started, "batch_seconds": time.monotonic() - ended}


STAGES = {"bare": bare, "ours": ours, "refresh": refreshed}


def stage(name: str, arguments: argparse.Namespace) -> int:
    """Run one stage in this process, and print the result as JSON."""
    start_logging()
    context = Context(JobSettings(), "benchmark")
    context.spark.range(1).count()
    sys.stdout.write(json.dumps(STAGES[name](context, arguments)) + "\n")
    return 0


def run(name: str, argv: list[str], servers: str) -> dict[str, Any]:
    """Run one stage in a new process, and return the printed result."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.catchup", *argv, "--stage", name],
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> int:
    """Measure every stage and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catchup", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of full-size sales files")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--out", type=Path, required=True, help="JSON file of the result")
    parser.add_argument("--profile", default="sample")
    parser.add_argument("--trigger", type=int, default=500_000, help="records in a micro-batch")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        return stage(arguments.stage, arguments)
    with Broker(arguments.work / "broker") as broker:
        settings = kafka_settings({"bootstrap_servers": broker.servers})
        create_topics(settings, [SALES, CATALOGUE])
        started = time.monotonic()
        produce = [
            sys.executable,
            "-m",
            "streaming.produce",
            "--bootstrap-servers",
            broker.servers,
            "--profile",
            arguments.profile,
        ]
        subprocess.run([*produce, *map(str, sorted(arguments.data.glob("sales*.csv")))], check=True)
        found: dict[str, Any] = {"produce": {"seconds": time.monotonic() - started}}
        found |= {name: run(name, sys.argv[1:], broker.servers) for name in STAGES}
    found["ingest, share of the bare append's rate"] = round(
        found["bare"]["seconds"] / found["ours"]["seconds"], 2
    )
    found["refresh, times the batch build"] = round(
        found["refresh"]["seconds"] / found["refresh"]["batch_seconds"], 2
    )
    arguments.out.write_text(json.dumps(found, indent=1))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
