"""Idempotency keys: a client's name for what a request asks, so that it can be repeated safely."""

import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus

from serving.problems import Problem, ProblemError

KEY = re.compile(r"[!-~]{1,255}")
ID_LENGTH = 32
NO_KEY = "tag:shopcast,2026:idempotency-key-missing"
OTHER_USE = "tag:shopcast,2026:idempotency-key-reused"


def read_key(headers: Mapping[str, str]) -> str:
    """Return the Idempotency-Key, without quotes.

    Raises:
        ProblemError: the header is missing or not valid (status 400).
    """
    text = headers.get("idempotency-key", "").strip()
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    key = text[1:-1] if quoted else text
    if not KEY.fullmatch(key):
        detail = (
            "The request has no valid Idempotency-Key: 1 to 255 visible ASCII characters, another "
            "key for each new request and the same key when a request is repeated."
        )
        status = HTTPStatus.BAD_REQUEST
        problem = Problem(type=NO_KEY, title="No Idempotency-Key", status=status, detail=detail)
        raise ProblemError(problem)
    return key


def id_of_key(key: str) -> str:
    """Return the id of what an Idempotency-Key names."""
    return hashlib.sha256(key.encode()).hexdigest()[:ID_LENGTH]
