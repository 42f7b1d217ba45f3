"""Daily update: new files or landed uploads → bronze, silver, features, compared with a rebuild."""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable
from shopcast_dags.alerts import alert_run
from shopcast_dags.settings import SETTINGS
from shopcast_dags.steps import Steps
from shopcast_dags.tasks import chain_tasks, task_options

with DAG(
    dag_id="daily_update",
    description=__doc__,
    schedule=CronTriggerTimetable("0 3 * * *", timezone="UTC"),
    # A run takes in everything that has arrived: a missed one needs no repetition.
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=SETTINGS.update_hours),
    default_args=task_options(SETTINGS),
    on_failure_callback=alert_run,
    tags=["shopcast"],
):
    chain_tasks(Steps(SETTINGS).updating(), SETTINGS)
