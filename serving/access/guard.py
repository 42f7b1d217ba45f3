"""The guard of a route: a FastAPI dependency that demands a scope of the caller."""

from http import HTTPStatus
from typing import Annotated, cast

from fastapi import Request, Security
from fastapi.params import Security as SecurityDependency
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.access.identity import Identities
from serving.access.scopes import CALLER, Caller, Refusal, Scope
from serving.problems import Problem, ProblemError, not_ready

UNAUTHORIZED = "tag:shopcast,2026:unauthorized"
RETRY_SECONDS = 10
FORBIDDEN = "tag:shopcast,2026:forbidden"
BEARER = HTTPBearer(
    auto_error=False, description="a key (`shopcast_…`) or, where configured, an OIDC access token"
)
# Statuses that a guarded route declares in the OpenAPI document: ``described(*STATUSES, …)``.
STATUSES = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class Guard:
    """Demands a scope; closed as long as no key is configured."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(
        self,
        request: Request,
        _declared: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    ) -> Caller:
        """Return the caller of a request.

        Raises:
            ProblemError: no valid credential (status 401), one without the scope (status 403), or
                one that cannot be checked now (status 503).
        """
        identities = cast(Identities, request.app.state.identities)
        caller: Caller | Refusal = request.scope.get(CALLER) or identities.explain_missing()
        if isinstance(caller, Refusal):
            is_passing = caller.is_passing
            raise not_ready(caller.reason, RETRY_SECONDS) if is_passing else unauthorized(caller)
        if self.scope not in caller.scopes:
            raise forbidden(caller, self.scope)
        return caller


def requires(scope: Scope) -> SecurityDependency:
    """Return the dependency that demands a scope.

    Use ``dependencies=[requires(Scope.WRITE)]`` of a route, or a parameter
    ``caller: Annotated[Caller, requires(Scope.OVERRIDE)]`` where the route needs the caller. A
    route that reads ``request.stream()`` itself is refused before its body is read.
    """
    dependency = Security(Guard(scope))
    assert isinstance(dependency, SecurityDependency)
    return dependency


def unauthorized(refusal: Refusal) -> ProblemError:
    """Build the error of a request without a valid credential, status 401 (RFC 6750)."""
    challenge = 'Bearer realm="shopcast"'
    if refusal.is_presented:
        challenge += f', error="invalid_token", error_description="{refusal.reason}"'
    problem = Problem(
        type=UNAUTHORIZED,
        title="A key is needed",
        status=HTTPStatus.UNAUTHORIZED,
        detail=refusal.reason,
    )
    return ProblemError(problem, {"WWW-Authenticate": challenge})


def forbidden(caller: Caller, scope: Scope) -> ProblemError:
    """Build the error of a caller without a scope, status 403 (RFC 6750)."""
    granted = ", ".join(sorted(caller.scopes)) or "none"
    problem = Problem(
        type=FORBIDDEN,
        title="The key lacks a scope",
        status=HTTPStatus.FORBIDDEN,
        detail=f"The request needs scope {scope}; {caller.name!r} has: {granted}.",
    )
    challenge = f'Bearer realm="shopcast", error="insufficient_scope", scope="{scope}"'
    return ProblemError(problem, {"WWW-Authenticate": challenge})
