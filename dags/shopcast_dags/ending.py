"""End of a task: a verdict → an XCom with the result, or the exception that Airflow acts on."""

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from shopcast_dags.verdict import Outcome, Verdict

RESULT = "result"


def settle(verdict: Verdict, context: Context) -> None:
    """End a task as its verdict says.

    Raises:
        AirflowFailException: the task fails now, whatever attempts are left.
        AirflowException: the task is tried again as long as attempts are left.
    """
    # Also of a failed attempt: what was refused, and why, is in its fields.
    context["ti"].xcom_push(key=RESULT, value=dict(verdict.result))
    if verdict.outcome is Outcome.FAIL:
        raise AirflowFailException(verdict.message)
    if verdict.outcome is Outcome.RETRY:
        raise AirflowException(verdict.message)
