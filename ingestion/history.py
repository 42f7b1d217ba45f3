"""Ingestion of a folder of files: catalogue, optional inputs and sales, each file reconciled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ingestion.arrivals import Reception
from ingestion.catalogue.intake import (
    Catalogue,
    CatalogueChange,
    catalogue_digest,
    ingest_catalogue,
)
from ingestion.catalogue.landed import LandedMessages, merge_landed
from ingestion.files.source import Source, Sources
from ingestion.inputs.intake import InputCounts, InputIntake
from ingestion.reconciliation import ingested_files
from ingestion.reconciliation.ingested_files import IngestedFile
from ingestion.reconciliation.reconcile import reconcile_files
from ingestion.reconciliation.reconciliation import FileReconciliation, require_balance
from ingestion.sales import intake
from ingestion.sales.admission import Load
from ingestion.sales.arrivals import append_file, is_appended
from ingestion.sales.control_figures import ControlFigures
from ingestion.sales.span import extend_months
from lakehouse.delta.rows import read_files
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.progress import progress
from lakehouse.tables.bronze import SALES_EVENTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

UNCHANGED = CatalogueChange(Catalogue([], [], received=0, rejected=0), shops=0, items=0)


@dataclass(frozen=True)
class IngestedSales:
    """The result of ingesting sales files.

    Attributes:
        files: the reconciliation of each new file.
        figures: the control figures of the new files.
    """

    files: Sequence[FileReconciliation]
    figures: ControlFigures


@dataclass(frozen=True)
class IngestResult:
    """The result of ingesting a folder.

    Attributes:
        catalogue: the changes of shops and items.
        inputs: the counts of each ingested input; inputs with unchanged files are left out.
        new: the new sales files.
        skipped: number of sales files that were ingested before.
        same_names: name of a new file → when another file of that name was ingested.
        sales: the reconciliation and control figures of the new sales files.
        landed: the catalogue messages of a landing folder.
    """

    catalogue: CatalogueChange
    inputs: Mapping[str, InputCounts]
    new: Sequence[Source]
    skipped: int
    same_names: Mapping[str, datetime]
    sales: IngestedSales
    landed: LandedMessages


@dataclass(frozen=True)
class HistoryIngest:
    """Ingests the checked files of a folder into a lake; a second run changes nothing.

    The order of the commits makes a run that is cut off safe to repeat: one commit puts a file's
    records into bronze, silver accepts the same records any number of times, and the file is
    recorded as ingested last.

    Attributes:
        spark: function that returns the Spark session; called only for new files.
        lake: the lake that has the tables.
        profile: the profile that describes the files.
        reception: when the files were received and ingested.
        sources: the checked files.
    """

    spark: "Callable[[], SparkSession]"
    lake: Lake
    profile: Profile
    reception: Reception
    sources: Sources

    def run(self) -> IngestResult:
        """Ingest catalogue, inputs and new sales files.

        Raises:
            ReconciliationError: records were lost.
            RefusedError: too many records are rejected.
        """
        catalogue, inputs = self.ingest_catalogue(), self.ingest_inputs()
        messages = self.sources.messages
        landed = merge_landed(self.lake, messages, self.profile, self.reception)
        new = ingested_files.list_new_sales(self.lake, self.sources.sales)
        skipped = len(self.sources.sales) - len(new)
        same_names = ingested_files.find_same_names(self.lake, new)
        sales = self.ingest_sales(new)
        # Copies are recorded too, so that the next run need not read unchanged files.
        ingested_files.record_files(self.lake, self.sources.files, self.reception)
        return IngestResult(catalogue, inputs, new, skipped, same_names, sales, landed)

    def ingest_catalogue(self) -> CatalogueChange:
        """Ingest shops, items and categories, unless files and profile are unchanged."""
        if not self.sources.entities:
            return UNCHANGED
        digest = catalogue_digest(self.sources, self.profile)
        if ingested_files.latest_digest(self.lake, ingested_files.CATALOGUE) == digest:
            progress("the catalogue has not changed")
            return UNCHANGED
        progress("ingesting the catalogue")
        change = ingest_catalogue(self.spark, self.lake, self.sources, self.profile, self.reception)
        names = ", ".join(sorted({source.name for source in self.sources.entities.values()}))
        received, rejected = change.catalogue.received, change.catalogue.rejected
        self._record(IngestedFile(digest, ingested_files.CATALOGUE, names, received, rejected))
        return change

    def ingest_inputs(self) -> Mapping[str, InputCounts]:
        """Ingest the optional inputs whose files changed; return the counts by input name."""
        counts = {}
        for name, source in self.sources.inputs.items():
            if ingested_files.latest_digest(self.lake, name) == source.digest:
                progress("%s has not changed", source.name)
                continue
            progress("ingesting %s", source.name)
            input_intake = InputIntake(self.spark, name, self.profile)
            counts[name] = input_intake.ingest(self.lake, source, self.reception)
            received, rejected = counts[name].received, counts[name].rejected
            self._record(IngestedFile(source.digest, name, source.name, received, rejected))
        return counts

    def ingest_sales(self, new: Sequence[Source]) -> IngestedSales:
        """Ingest new sales files into bronze and silver, and reconcile the records of each file.

        Raises:
            ReconciliationError: records were lost.
            RefusedError: too many records are rejected.
        """
        names = {source.digest: source.name for source in new}
        load = Load(self.lake, names, self.profile.sales)
        files = self._merge(new, load) if new else []
        if not new:
            progress("no new sales file")
        extend_months(self.lake, self.reception.ingested_at)
        if files:
            self._record(*(IngestedFile.of_sales(file, names[file.source]) for file in files))
        return IngestedSales(files, load.figures)

    def _merge(self, new: Sequence[Source], load: Load) -> list[FileReconciliation]:
        """Append new files to bronze, merge the records into silver, and reconcile."""
        for source in new:
            self._append(source)
        digests = [source.digest for source in new]
        progress("finding the newest version of every sale")
        events = read_files(self.spark(), self.lake, SALES_EVENTS, "source", digests)
        intake.merge_sales(self.lake, events, self.profile, admit=load.admit)
        files = reconcile_files(self.lake, digests, self.profile)
        require_balance(files)
        return files

    def _append(self, source: Source) -> None:
        """Append a sales file's records to bronze.sales_events, unless an earlier run did."""
        if is_appended(self.lake, source):
            progress("%s is in bronze already", source.name)
            return
        progress("reading %s", source.name)
        append_file(self.spark(), self.lake, source, self.reception)

    def _record(self, *files: IngestedFile) -> None:
        ingested_files.append_ingested(self.lake, files, self.reception)
