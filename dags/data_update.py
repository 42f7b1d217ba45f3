"""Data update: a file of sales, shops or items → the API's /update_data, followed to its end."""

from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, task
from shopcast_dags.alerts import alert_run
from shopcast_dags.api import ask, id_of, key_of, poll
from shopcast_dags.settings import SETTINGS
from shopcast_dags.tasks import task_options

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
}

with DAG(
    dag_id="data_update",
    description=__doc__,
    schedule=None,
    dagrun_timeout=timedelta(hours=SETTINGS.run_hours),
    params={
        "file": Param(
            type="string",
            pattern=r"\.(csv|json|ndjson|parquet)$",
            description="path of the file on the workers",
        ),
        "what": Param("sales", enum=["sales", "shops", "items"], description="what the rows are"),
    },
    default_args=task_options(SETTINGS),
    on_failure_callback=alert_run,
    tags=["shopcast"],
):

    @task
    def upload(params=None, dag_run=None) -> None:
        """Send the file; another attempt of the run is the same request, which changes nothing."""
        file = Path(params["file"])
        headers = {"Idempotency-Key": key_of(dag_run), "Content-Type": MEDIA_TYPES[file.suffix]}
        with file.open("rb") as rows:
            ask(
                "POST",
                "/update_data",
                params={"what": params["what"]},
                content=rows,
                headers=headers,
            )

    @task.sensor(
        mode="reschedule", poke_interval=SETTINGS.poll_seconds, timeout=3600 * SETTINGS.run_hours
    )
    def wait(dag_run=None):
        """Wait until every accepted row is safe; the XCom counts read, accepted and rejected."""
        return poll(f"/update_data/{id_of(key_of(dag_run))}")

    upload() >> wait()
