"""Scopes of keys, and the caller that a request comes from."""

from dataclasses import dataclass
from enum import StrEnum

# Name of the caller, or of the refusal, in an ASGI scope; missing: no credential was sent.
CALLER = "shopcast.caller"


class Scope(StrEnum):
    """What a key allows; each scope stands alone, so a key that does two things names two."""

    READ = "read"
    WRITE = "write"
    OVERRIDE = "override"
    TRAIN = "train"


@dataclass(frozen=True)
class Caller:
    """Who sends a request.

    Attributes:
        id: public id of the key, or the subject of a bearer token.
        name: name of the key's holder.
        scopes: what the caller may do.
    """

    id: str
    name: str
    scopes: frozenset[Scope]


@dataclass(frozen=True)
class Refusal:
    """Why a request's credential identifies no caller.

    Attributes:
        reason: public sentence without any part of the credential.
        is_presented: whether the request had a credential at all.
        is_passing: whether the same credential may be accepted later.
    """

    reason: str
    is_presented: bool
    is_passing: bool = False
