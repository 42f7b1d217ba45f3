"""Index: forecasts against actuals, errors, backtests and runs of commands → Elasticsearch.

    python -m jobs.index_scores [--lake URI] [--elasticsearch URL] [--dead-letters FILE]

Reads gold forecast_scores, forecasts, backtests, job_runs, silver monthly cells, shops and items,
without Spark. Writes index templates and documents, each in the same place every time: a run that
was ended in the middle is completed by the next one, a month that was scored again is overwritten,
and documents of erased shops go. Months that have not changed are not written again. A document
that Elasticsearch refuses is kept in the dead letters with its reason, and the command ends with
exit code 3. The API key comes from ELASTICSEARCH_API_KEY.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job, main
from cli.ending import FoundError
from lakehouse.context import Context
from lakehouse.errors import UsageError
from watching.elastic.connection import connect
from watching.elastic.indexing import Indexing

DEAD_LETTERS = "index_scores.refused.ndjson"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--elasticsearch",
        metavar="URL",
        help="address of Elasticsearch 8, https://HOST:9200 (default: ELASTICSEARCH_URL)",
    )
    parser.add_argument(
        "--dead-letters",
        metavar="FILE",
        default=DEAD_LETTERS,
        help=f"file for documents that Elasticsearch refuses (default: {DEAD_LETTERS})",
    )


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Index what has changed.

    Raises:
        UsageError: no address is named, or it cannot be read.
        FoundError: Elasticsearch refused documents; look at the dead letters.
    """
    url = arguments.elasticsearch or context.settings.elasticsearch_url
    if not url:
        raise UsageError("No address: pass --elasticsearch URL or set ELASTICSEARCH_URL.")
    lake, letters = lake_of(context, arguments), Path(arguments.dead_letters)
    with connect(url, context.settings) as client:
        indexed = Indexing(client, lake, letters).run()
    figures = asdict(indexed)
    if indexed.refused:
        raise FoundError(
            f"Elasticsearch refused {indexed.refused} documents; {letters} has them with reasons.",
            figures,
        )
    return figures


JOB = Job("index_scores", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
