"""Dispatcher of the streaming commands: the first argument names the command.

    python -m streaming ingest [--lake URI] [--profile NAME|FILE.toml] [--available-now] …
    python -m streaming refresh [--lake URI] [--available-now] …
    python -m streaming local [--lake URI] [--profile NAME|FILE.toml] …
    python -m streaming produce --profile NAME|FILE.toml FILE …
    python -m streaming create_topics
    python -m streaming broker --dir FOLDER

ingest: Kafka's topics of sales and catalogue → bronze, silver daily_sales, daily_offers, shops,
items. refresh: silver tables → silver monthly_<group>, gold features_<group>. local: ingest and
refresh on this machine, with a local broker unless KAFKA_BOOTSTRAP_SERVERS names one. produce:
files of sales → Kafka. create_topics: creates missing topics. broker: a Kafka broker on this
machine, for development. ``COMMAND --help`` describes a command.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

# spark-submit starts this file by its path. Python then looks for modules beside the file first,
# where the folder kafka/ would hide kafka-python.
if Path(sys.path[0]) == Path(__file__).parent:
    sys.path.pop(0)

from cli.command import main as run_job
from streaming import broker, create_topics, ingest, local, produce, refresh

JOBS = (module.JOB for module in (ingest, refresh, local, produce, create_topics, broker))
COMMANDS = {job.name: job for job in JOBS}
WRONG_USE = 2


def main(argv: Sequence[str]) -> int:
    """Run the command that the first argument names; without arguments, print the help.

    Returns:
        The exit code.
    """
    name, *rest = argv or ["--help"]
    if name in COMMANDS:
        return run_job(COMMANDS[name], rest)
    is_help = name in ("-h", "--help")
    (sys.stdout if is_help else sys.stderr).write(f"{__doc__}\n")
    return 0 if is_help else WRONG_USE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
