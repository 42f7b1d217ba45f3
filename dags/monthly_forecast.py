"""Monthly forecast: a complete month of sales → closed, built, a champion, published forecasts."""

from datetime import timedelta

from airflow.sdk import DAG, CronPartitionTimetable, chain, task
from shopcast_dags.alerts import alert_run
from shopcast_dags.ending import RESULT
from shopcast_dags.months import KEY_FORMAT, MONTH, MONTH_PARAM, month_of
from shopcast_dags.settings import SETTINGS
from shopcast_dags.steps import Steps
from shopcast_dags.tasks import chain_tasks, task_options

with DAG(
    dag_id="monthly_forecast",
    description=__doc__,
    # On the second day of a month, so that sales of the month before have arrived. Without a start
    # date, nothing runs before the next such day.
    schedule=CronPartitionTimetable(
        "0 6 2 * *", timezone="UTC", run_offset=-1, key_format=KEY_FORMAT
    ),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=SETTINGS.run_hours),
    params={"month": MONTH_PARAM},
    user_defined_macros={"month_of": month_of},
    default_args=task_options(SETTINGS),
    on_failure_callback=alert_run,
    tags=["shopcast"],
):
    steps = Steps(SETTINGS)

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def is_newest(ti=None) -> bool:
        """Go on if no later month is closed: forecasts are made from the last closed month."""
        return bool(ti.xcom_pull(task_ids="check_closed", key=RESULT)["is_cutoff"])

    closing = chain_tasks(steps.closing(MONTH), SETTINGS)
    forecasting = chain_tasks(steps.forecasting(MONTH), SETTINGS)
    delivering = chain_tasks(steps.delivering(MONTH), SETTINGS)
    chain(closing[-1], is_newest(), forecasting[0])
    chain(forecasting[-1], delivering[0])
