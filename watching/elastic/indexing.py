"""Indexing: a lake's documents → Elasticsearch, each in the same place every time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from elasticsearch import ApiError, Elasticsearch, TransportError
from elasticsearch.helpers import scan, streaming_bulk

from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.progress import progress
from watching.elastic import documents
from watching.elastic.documents import Document
from watching.elastic.fields import BACKTESTS, JOB_RUNS, SCORES, Index
from watching.elastic.pairs import PairDocuments, ScoredMonth
from watching.elastic.templates import COMPONENT, component, templates

CHUNK = 2_000
NO_SOURCE: dict[str, Any] = {"_source": False}
TABLES = {
    SCORES: documents.scores,
    BACKTESTS: documents.backtests,
    JOB_RUNS: documents.job_runs,
}
RETRIES = 5


@dataclass
class Indexed:
    """What a run has done.

    Attributes:
        written: documents that were written.
        removed: documents that were removed, as their shops were erased or their forecasts left.
        refused: documents that Elasticsearch refused; they are in the dead letters.
        unchanged: scored months that the index had already.
    """

    written: int = 0
    removed: int = 0
    refused: int = 0
    unchanged: int = 0


@dataclass
class Indexing:
    """Puts a lake's documents into Elasticsearch.

    Attributes:
        client: the connection.
        lake: the lake.
        dead_letters: file of the documents that were refused, a JSON object a line.
        indexed: what was done.
    """

    client: Elasticsearch
    lake: Lake
    dead_letters: Path
    indexed: Indexed = field(default_factory=Indexed)

    def run(self) -> Indexed:
        """Write templates, then scores, backtests, runs and the pairs of scored months.

        Raises:
            RefusedError: Elasticsearch does not answer, or refuses the templates.
        """
        try:
            self.put_templates()
            for index, made in TABLES.items():
                progress("index_scores: %s", index.name)
                self.index_rows(index, made(self.lake))
            self.write_pairs()
        except (TransportError, ApiError) as error:
            raise RefusedError(
                f"Elasticsearch: {why(error)}. Look at address and key; what was written stays, "
                "and the next run completes it."
            ) from None
        return self.indexed

    def put_templates(self) -> None:
        """Put the templates of all indices."""
        self.client.cluster.put_component_template(name=COMPONENT, **component())
        for name, template in templates().items():
            body = {key.removeprefix("_"): value for key, value in template.items()}
            self.client.indices.put_index_template(name=name, **body)

    def index_rows(self, index: Index, made: Iterable[Document]) -> None:
        """Write the documents of a table, and remove those whose rows the table no longer has."""
        ids: set[str] = set()
        self.write(noted(made, ids))
        self.refresh(index.name)
        hits = scan(self.client, index=index.name, query=NO_SOURCE, ignore_unavailable=True)
        self.remove(hit for hit in hits if hit["_id"] not in ids)

    def write_pairs(self) -> None:
        """Write the forecasts beside actuals of the scored months that have changed."""
        pairs = PairDocuments(self.lake)
        for scored in pairs.months():
            if self.has(scored):
                self.indexed.unchanged += 1
                continue
            progress("index_scores: %s of version %s", f"{scored.month:%Y-%m}", scored.version)
            self.write(pairs.documents(scored))
            self.remove_others(scored)

    def has(self, scored: ScoredMonth) -> bool:
        """Return whether the index has exactly the documents of a scored month."""
        self.refresh(scored.index)
        present = self.count(scored.index, of_version(scored))
        of_these_sales = self.count(scored.index, of_version(scored, has_digest(scored)))
        return present == scored.rows == of_these_sales

    def remove_others(self, scored: ScoredMonth) -> None:
        """Remove the documents of a scored month that rest on other sales, by their ids."""
        self.refresh(scored.index)
        others = {"bool": {**of_version(scored)["bool"], "must_not": has_digest(scored)}}
        self.remove(scan(self.client, index=scored.index, query={**NO_SOURCE, "query": others}))

    def remove(self, hits: Iterable[dict[str, Any]]) -> None:
        """Remove documents by their ids."""
        gone = ({"_op_type": "delete", "_index": h["_index"], "_id": h["_id"]} for h in hits)
        for _ in streaming_bulk(self.client, gone, chunk_size=CHUNK, max_retries=RETRIES):
            self.indexed.removed += 1

    def write(self, actions: Iterable[Document]) -> None:
        """Write documents; those that are refused become dead letters."""
        results: Iterable[tuple[bool, dict[str, Any]]] = streaming_bulk(
            self.client,
            actions,
            chunk_size=CHUNK,
            max_retries=RETRIES,
            raise_on_error=False,
            yield_ok=True,
        )
        for is_written, result in results:
            if is_written:
                self.indexed.written += 1
            else:
                self.refuse(result)

    def refuse(self, result: dict[str, Any]) -> None:
        """Keep a refused document with its reason."""
        self.indexed.refused += 1
        with self.dead_letters.open("ab") as file:
            file.write(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE))

    def count(self, index: str, query: dict[str, Any]) -> int:
        """Count the documents of an index that match; 0 if there is no index."""
        answer = self.client.count(index=index, query=query, ignore_unavailable=True)
        return int(answer["count"])

    def refresh(self, index: str) -> None:
        """Make what was written visible to searches."""
        self.client.indices.refresh(index=index, ignore_unavailable=True)


def noted(made: Iterable[Document], ids: set[str]) -> Iterator[Document]:
    """Yield documents, and note their ids."""
    for document in made:
        ids.add(document["_id"])
        yield document


def of_version(scored: ScoredMonth, *more: dict[str, Any]) -> dict[str, Any]:
    """Return the query of a version's documents in a month's index that meet more conditions."""
    return {"bool": {"filter": [{"term": {"shopcast.version": scored.version}}, *more]}}


def has_digest(scored: ScoredMonth) -> dict[str, Any]:
    """Return the query of documents that rest on the present sales."""
    return {"term": {"shopcast.digest": scored.digest}}


def why(error: Exception) -> str:
    """Return the reason of an error of the client, without any part of a credential."""
    if isinstance(error, ApiError):
        return f"{error.status_code} {error.message}"
    return type(error).__name__
