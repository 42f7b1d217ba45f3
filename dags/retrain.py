"""Retraining: the API's /train, followed to the decision of the gate."""

from datetime import timedelta

from airflow.sdk import DAG, Param, task
from shopcast_dags.alerts import alert_run
from shopcast_dags.api import ask, id_of, key_of, poll
from shopcast_dags.settings import SETTINGS
from shopcast_dags.tasks import task_options

with DAG(
    dag_id="retrain",
    description=__doc__,
    schedule=None,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=SETTINGS.run_hours),
    params={
        "horizons": Param(
            [int(horizon) for horizon in SETTINGS.horizons.split(",")],
            type="array",
            items={"type": "integer", "minimum": 1},
            description="months from the cutoff to the target month",
        ),
        "then_forecast": Param(
            False, type="boolean", description="publish forecasts once the gate has accepted"
        ),
    },
    default_args=task_options(SETTINGS),
    on_failure_callback=alert_run,
    tags=["shopcast"],
):

    @task
    def start(params=None, dag_run=None) -> None:
        """Start the training; another attempt of the run names the same training."""
        options = {"horizons": params["horizons"], "then_forecast": params["then_forecast"]}
        ask("POST", "/train", json=options, headers={"Idempotency-Key": key_of(dag_run)})

    @task.sensor(
        mode="reschedule",
        poke_interval=SETTINGS.poll_seconds,
        timeout=3600 * SETTINGS.run_hours,
    )
    def wait(dag_run=None):
        """Wait until the training has ended; the XCom has the gate's decision."""
        return poll(f"/train/{id_of(key_of(dag_run))}")

    start() >> wait()
