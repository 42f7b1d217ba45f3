"""Admission: what is decided of a request before its route."""

from collections.abc import Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any

from serving.access.hosts import Hosts
from serving.access.identity import Identities
from serving.access.rates import Quota, Rate, SharedRates
from serving.access.scopes import CALLER, Caller
from serving.exchange import Exchange
from serving.problems import Problem, ProblemError

SECONDS = {"second": 1, "minute": 60, "hour": 3600}
POLICY = "requests"
# draft-ietf-httpapi-ratelimit-headers-11
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
WRONG_HOST = "tag:shopcast,2026:wrong-host"
# Probes ask by the address of a container, and must not be refused for what others ask.
PROBES = frozenset({"/healthz", "/readyz"})
Header = tuple[bytes, bytes]


class Admission:
    """Decides by host and rate, and identifies the caller."""

    def __init__(self, hosts: Hosts, identities: Identities, rates: SharedRates | None) -> None:
        """Compose the decision.

        Args:
            hosts: names of this server.
            identities: the valid credentials.
            rates: counts of all callers; None: no limit.
        """
        self._hosts = hosts
        self._identities = identities
        self._rates = rates
        self._policy = policy_header(rates.rate) if rates else None

    async def identify(
        self, scope: MutableMapping[str, Any], authorization: bytes, exchange: Exchange
    ) -> None:
        """Set the caller in a request's scope, or why its credential identifies none."""
        caller = await self._identities.identify(authorization.decode("latin-1"))
        scope[CALLER] = caller
        exchange.user_id = caller.id if isinstance(caller, Caller) else None

    def admit(
        self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], exchange: Exchange
    ) -> Sequence[Header]:
        """Admit a request.

        Returns:
            Headers that the answer gets.

        Raises:
            ProblemError: the host is not this server's (400), or the caller has asked too often
                (429).
        """
        if scope["path"] in PROBES:
            return ()
        if not self._hosts.allows(headers.get(b"host")):
            raise wrong_host()
        if self._rates is None or self._policy is None:
            return ()
        quota = self._rates.hit(exchange.user_id or address_of(scope))
        if quota.is_exceeded:
            raise quota_exceeded(self._rates.rate, quota)
        return self._policy, quota_header(quota)


def parse_rate(text: str) -> Rate | None:
    """Parse a rate such as ``600/minute``; None: ``off``."""
    requests, _, unit = text.partition("/")
    return Rate(int(requests), SECONDS[unit]) if unit else None


def address_of(scope: Mapping[str, Any]) -> str:
    """Return what requests without a caller count for: the address, of IPv6 its network (/64)."""
    client = scope.get("client")
    address = str(client[0]) if client else "unknown"
    return ":".join(address.split(":")[:4]) if ":" in address else address


def policy_header(rate: Rate) -> Header:
    """Return the header that states the allowed rate."""
    return b"ratelimit-policy", f'"{POLICY}";q={rate.requests};w={rate.seconds}'.encode()


def quota_header(quota: Quota) -> Header:
    """Return the header that states what the caller has left."""
    return b"ratelimit", b'"%s";r=%d;t=%d' % (POLICY.encode(), quota.remaining, quota.reset)


def quota_exceeded(rate: Rate, quota: Quota) -> ProblemError:
    """Build the error of a caller that asks too often, status 429."""
    problem = Problem(
        type=QUOTA_EXCEEDED,
        title="Too many requests",
        status=HTTPStatus.TOO_MANY_REQUESTS,
        detail=f"More than {rate.requests} requests in {rate.seconds} seconds; "
        f"ask again in {quota.reset} seconds, or ask for many pairs at once.",
        violated_policies=[POLICY],
    )
    stated = (policy_header(rate), quota_header(quota))
    limits = {name.decode(): value.decode() for name, value in stated}
    return ProblemError(problem, {"Retry-After": str(quota.reset), **limits})


def wrong_host() -> ProblemError:
    """Build the error of a request for another host, status 400."""
    detail = "The header Host names another server; the setting ALLOWED_HOSTS lists the names."
    status = HTTPStatus.BAD_REQUEST
    return ProblemError(
        Problem(type=WRONG_HOST, title="Unknown host", status=status, detail=detail)
    )
