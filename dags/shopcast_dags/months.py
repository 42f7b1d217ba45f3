"""The month of a run: its partition key, or the parameter of a run that a user starts."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException

KEY_FORMAT = "%Y-%m"
MONTH_PARAM = Param(
    None,
    type=["null", "string"],
    pattern=r"^\d{4}-(0[1-9]|1[0-2])$",
    description="month to close and to forecast from, YYYY-MM (scheduled and backfilled runs: "
    "the partition key)",
)
# Rendered when a task runs.
MONTH = "{{ month_of(dag_run, params) }}"


def month_of(dag_run: Any, params: Mapping[str, Any]) -> str:
    """Return the month of a run, YYYY-MM.

    Raises:
        AirflowFailException: the run has no partition key and no month; start it with one.
    """
    month = params.get("month") or dag_run.partition_key
    if not month:
        raise AirflowFailException(
            f'{dag_run.run_id} names no month: start it with {{"month": "2015-10"}}'
        )
    return str(month)
