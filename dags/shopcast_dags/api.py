"""Requests to the API of shopcast, and what their answers mean for a task."""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import httpx
from airflow.sdk import BaseHook, PokeReturnValue
from airflow.sdk.exceptions import AirflowException, AirflowFailException

# Its host, port and schema are the API's; its password is a key with the scope of the request.
CONNECTION = "shopcast_api"
# The body of an upload is checked and passed on before the answer comes.
TIMEOUT = httpx.Timeout(30, read=600, write=600)
LATER = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
# States of uploads and trainings that change no more.
GOOD, BAD = {"done", "succeeded"}, {"refused", "failed", "cancelled", "interrupted"}


def key_of(dag_run: Any) -> str:
    """Return the Idempotency-Key of a run: another attempt sends the same request again."""
    return f"{dag_run.dag_id}/{dag_run.run_id}"


def id_of(key: str) -> str:
    """Return the id that the API gives to an upload or a training, from its key."""
    return sha256(key.encode()).hexdigest()[:32]


def ask(method: str, path: str, **request: Any) -> Mapping[str, Any]:
    """Send a request; return the fields of the answer.

    Raises:
        AirflowFailException: the API refuses the request, now and later.
        AirflowException: the API is away or busy; the next attempt may succeed.
    """
    connection = BaseHook.get_connection(CONNECTION)
    address = f"{connection.schema or 'http'}://{connection.host}:{connection.port or 80}"
    headers = {"Authorization": f"Bearer {connection.password}", **request.pop("headers", {})}
    try:
        with httpx.Client(base_url=address, timeout=TIMEOUT) as client:
            answer = client.request(method, path, headers=headers, **request)
    except httpx.TransportError as error:
        raise AirflowException(f"{method} {path}: {error!r}") from error
    if answer.is_success:
        fields: Mapping[str, Any] = answer.json()
        return fields
    message = f"{method} {path}: {answer.status_code} {answer.text[:1000]}"
    if answer.status_code in LATER:
        raise AirflowException(message)
    raise AirflowFailException(message)


def poll(path: str) -> PokeReturnValue:
    """Look whether an upload or a training has ended.

    Raises:
        AirflowFailException: it ended badly.
    """
    answer = ask("GET", path)
    state = answer["state"]
    if state in BAD:
        raise AirflowFailException(
            f"{path}: {state}: {answer.get('reason') or answer.get('errors')}"
        )
    return PokeReturnValue(is_done=state in GOOD, xcom_value=dict(answer))
