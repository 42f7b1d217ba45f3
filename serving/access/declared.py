"""Answers of the gateway and of guards, which the OpenAPI document declares for each operation."""

from http import HTTPStatus
from typing import Any

from serving.access.admission import PROBES
from serving.problems import MEDIA_TYPE, phrase_of

Json = dict[str, Any]
PROBLEM = {"$ref": "#/components/schemas/Problem"}
REQUEST_ID = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}
LIMITS = {
    "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
    "RateLimit": {"$ref": "#/components/headers/RateLimit"},
}
RETRY = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
CHALLENGE = {"WWW-Authenticate": {"$ref": "#/components/headers/Challenge"}}
HEADERS: dict[str, tuple[str, Json]] = {
    "RequestId": ("id of the request: the client's X-Request-ID, or a new one", {"type": "string"}),
    "RateLimitPolicy": ("allowed requests q in a window of w seconds", {"type": "string"}),
    "RateLimit": ("requests left r, and seconds t until there are more", {"type": "string"}),
    "RetryAfter": ("seconds until a new request is worthwhile", {"type": "integer"}),
    "Challenge": ("which credential is wanted (RFC 6750)", {"type": "string"}),
}


def declare_access(openapi: Json) -> Json:
    """Add to an OpenAPI document what the gateway and the guards answer."""
    components = openapi.setdefault("components", {})
    components["headers"] = {
        name: {"description": text, "schema": schema} for name, (text, schema) in HEADERS.items()
    }
    for path, operations in openapi["paths"].items():
        if path not in PROBES:
            for operation in operations.values():
                declare_operation(operation)
        for operation in operations.values():
            for response in operation["responses"].values():
                response["headers"] = REQUEST_ID | response.get("headers", {})
    return openapi


def declare_operation(operation: Json) -> None:
    """Add the answers that an operation has by its credential, its body and the rate."""
    answers = {HTTPStatus.BAD_REQUEST: {}, HTTPStatus.TOO_MANY_REQUESTS: RETRY | LIMITS}
    if operation.get("security"):
        answers |= {HTTPStatus.UNAUTHORIZED: CHALLENGE, HTTPStatus.FORBIDDEN: CHALLENGE}
    if "requestBody" in operation:
        answers |= {HTTPStatus.REQUEST_TIMEOUT: {}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {}}
    for response in operation["responses"].values():
        response["headers"] = LIMITS | response.get("headers", {})
    for status, headers in answers.items():
        response = operation["responses"].setdefault(
            str(status.value),
            {"description": phrase_of(status), "content": {MEDIA_TYPE: {"schema": PROBLEM}}},
        )
        response["headers"] = headers | response.get("headers", {})
    operation["responses"] = dict(sorted(operation["responses"].items()))
