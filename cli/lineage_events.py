"""OpenLineage events of runs, sent where the client's own variables configure a receiver.

The client reads ``OPENLINEAGE_URL``, ``OPENLINEAGE_CONFIG`` and so on. An event that cannot be sent
becomes a progress line: the command goes on.
"""

import logging
import os
import threading
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lakehouse.job_runs import JobRun
from lakehouse.lake import Lake
from lakehouse.progress import progress

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent
    from openlineage.client.facet_v2 import DatasetFacet

PRODUCER = "https://openlineage.io/producer/shopcast"
NAMESPACE = "shopcast"
SECONDS = 5
# Makes the UUID that OpenLineage wants out of a run's id.
RUN_IDS = uuid.uuid5(uuid.NAMESPACE_URL, PRODUCER)
EVENTS = {"running": "START", "done": "COMPLETE", "interrupted": "ABORT", "killed": "ABORT"}


def send_event(lake: Lake, row: JobRun) -> None:
    """Send the event of a row of gold.job_runs, where a receiver is configured.

    A receiver that takes longer than ``SECONDS`` keeps no command waiting.
    """
    if not any(name.startswith("OPENLINEAGE_") for name in os.environ):
        return
    faults: list[object] = [f"no answer for {SECONDS} s"]
    sending = threading.Thread(target=emit, args=(lake, row, faults), daemon=True)
    sending.start()
    sending.join(SECONDS)
    if faults:
        progress("OpenLineage's receiver did not take the event of this run: %s", faults[-1])


def emit(lake: Lake, row: JobRun, faults: list[object]) -> None:
    """Send the event of a row; append an error to ``faults``, or clear them if it was taken."""
    try:
        from openlineage.client import OpenLineageClient

        for chatty in ("openlineage", "urllib3"):
            logging.getLogger(chatty).setLevel(logging.CRITICAL)
        client = OpenLineageClient()
        client.emit(event_of(lake, row))
        client.close()
        faults.clear()
    except Exception as error:
        faults.append(error)


def event_of(lake: Lake, row: JobRun) -> "RunEvent":
    """Make the event of a row: START for a run that starts; COMPLETE, FAIL or ABORT at its end."""
    from openlineage.client import event_v2 as events
    from openlineage.client.facet_v2 import RunFacet, error_message_run, parent_run

    facets: dict[str, RunFacet] = {}
    namespace = os.environ.get("OPENLINEAGE_NAMESPACE", NAMESPACE)
    if row.parent:
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=run_uuid(row.parent)),
            job=parent_run.Job(namespace=namespace, name="pipeline"),
        )
    kind = EVENTS.get(row.status, "FAIL")
    if kind == "FAIL":
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=row.result or row.status, programmingLanguage="python"
        )
    return events.RunEvent(
        eventType=events.RunState[kind],
        eventTime=(row.ended_at or row.started_at).isoformat(),
        run=events.Run(runId=run_uuid(row.run), facets=facets),
        job=events.Job(namespace=namespace, name=row.command),
        inputs=[
            events.InputDataset(*data_set_name(lake, path), facets=version_facet(version))
            for path, version in row.reads.items()
        ],
        outputs=[
            events.OutputDataset(*data_set_name(lake, path), facets=version_facet(version))
            for path, version in row.writes.items()
        ],
        producer=PRODUCER,
    )


def run_uuid(run: str) -> str:
    """Return the UUID of a run."""
    return str(uuid.uuid5(RUN_IDS, run))


def data_set_name(lake: Lake, path: str) -> tuple[str, str]:
    """Return namespace and name of a table, as OpenLineage names what lies in a store."""
    root = urlsplit(lake.root.replace("s3a://", "s3://"))
    namespace = f"{root.scheme}://{root.netloc}" if root.netloc else root.scheme
    return namespace, f"{root.path}/{path}"


def version_facet(version: int) -> "dict[str, DatasetFacet]":
    """Return the facet that names a version of a table."""
    from openlineage.client.facet_v2 import dataset_version_dataset

    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(str(version))}
