"""Alerts: a task or a run that failed → a message to the webhook of a connection."""

import logging
from collections.abc import Mapping
from typing import Any

import httpx
from airflow.exceptions import AirflowNotFoundException
from airflow.sdk import BaseHook

# Its password is the whole address: who knows the address of a webhook may post to it.
CONNECTION = "shopcast_alerts"
SECONDS, ATTEMPTS = 10, 3

logger = logging.getLogger(__name__)


def alert_task(context: Mapping[str, Any]) -> None:
    """Send the failure of a task, with the reason that its command gave."""
    ti = context["ti"]
    error = str(context.get("exception") or "no reason is known")
    send("task_failed", ti, {"task": ti.task_id, "try": ti.try_number, "error": error})


def alert_run(context: Mapping[str, Any]) -> None:
    """Send the failure of a run.

    The scheduler asks for this alert, so that it also comes for a worker that was killed and for a
    run that took too long, of which no task can tell.
    """
    send("run_failed", context["dag_run"], {"reason": context.get("reason")})


def send(event: str, source: Any, fields: Mapping[str, Any]) -> None:
    """Post a message; a webhook that does not answer is logged and fails nothing."""
    title = f"{source.dag_id} {source.run_id}: {event.replace('_', ' ')}"
    why = fields.get("error") or fields.get("reason")
    message = {
        "event": event,
        "dag": source.dag_id,
        "run": source.run_id,
        **fields,
        "text": f"{title} {fields.get('task', '')}: {why}",
    }
    try:
        address = BaseHook.get_connection(CONNECTION).password or ""
    except AirflowNotFoundException:
        logger.warning("no connection %s: the alert is only logged: %s", CONNECTION, message)
        return
    try:
        transport = httpx.HTTPTransport(retries=ATTEMPTS - 1)
        with httpx.Client(transport=transport, timeout=SECONDS) as client:
            client.post(address, json=message).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The error's text would contain the address.
        logger.error("the alert was not sent (%s): %s", type(error).__name__, message)
