"""Keeps the features up to date from Kafka.

    python -m streaming ingest [--lake URI] [--profile NAME|FILE.toml] [--available-now] …
    python -m streaming refresh [--lake URI] [--available-now] …
    python -m streaming local [--lake URI] [--profile NAME|FILE.toml] …

ingest: Kafka's topics of sales and catalogue → bronze, silver daily_sales, daily_offers, shops,
items. refresh: those → silver monthly_<group>, gold features_<group>. local: both, with a broker
of its own where KAFKA_BOOTSTRAP_SERVERS names none. ``COMMAND --help`` says more.
"""

import sys
from collections.abc import Sequence

from jobs.command import main as run_job
from streaming import ingest_command, local_command, refresh_command

COMMANDS = {job.name: job for job in (ingest_command.JOB, refresh_command.JOB, local_command.JOB)}
WRONG_USE = 2


def main(argv: Sequence[str]) -> int:
    """Run the command that is named first.

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
