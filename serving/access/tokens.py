"""Bearer tokens of an OpenID Connect issuer, checked by the issuer's published keys."""

import asyncio
import json
import logging
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import jwt

from lakehouse.errors import UsageError
from serving.access.scopes import Caller, Refusal, Scope

# A token of an unknown key makes the issuer's keys be read again, at most this often: a new key of
# the issuer counts after this time at the latest, and wrong tokens cannot flood the issuer.
COOLDOWN_SECONDS = 10.0
LIFESPAN_SECONDS = 300.0
TIMEOUT_SECONDS = 5.0
# Clocks of issuer and server may differ by this.
LEEWAY_SECONDS = 30.0
PREFIX = "shopcast:"
# Whoever knows a shared secret could issue tokens; `none` is no signature.
ASYMMETRIC = frozenset(
    f"{family}{bits}" for family in ("RS", "ES", "PS") for bits in (256, 384, 512)
) | {"EdDSA"}
REFUSED = Refusal("The token is not valid.", True)
UNREACHABLE = Refusal("The issuer of tokens cannot be reached; ask again.", True, True)
logger = logging.getLogger("shopcast")


@dataclass(frozen=True)
class Issuer:
    """Who issues tokens, and what a token must say.

    Attributes:
        issuer: claim ``iss``, exactly.
        audience: claim ``aud``, or an entry of it.
        algorithms: signatures accepted.
        jwks_url: where the issuer publishes keys; None: as the issuer's discovery document says.
        scope_claim: claim that lists scopes: a text with blanks between, or a list.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    jwks_url: str | None
    scope_claim: str

    def __post_init__(self) -> None:
        unfit = sorted(set(self.algorithms) - ASYMMETRIC)
        if unfit or not self.algorithms:
            raise UsageError(
                f"OIDC_ALGORITHMS: {', '.join(unfit) or 'none'}: not a signature by a public key; "
                f"use some of {', '.join(sorted(ASYMMETRIC))}."
            )


class OidcTokens:
    """Verifies the tokens of an issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._client: jwt.PyJWKClient | None = None

    async def verify(self, token: str) -> Caller | Refusal:
        """Return the caller that the token names, or why the token is refused.

        The log has the reason; the answer has not, as it might help to forge a token.
        """
        return await asyncio.to_thread(self._verify, token)

    def _verify(self, token: str) -> Caller | Refusal:
        try:
            key = self._open_client().get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=list(self._issuer.algorithms),
                audience=self._issuer.audience,
                issuer=self._issuer.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWKClientConnectionError, OSError) as error:
            logger.warning("OIDC_ISSUER: keys cannot be read: %s", error)
            return UNREACHABLE
        except jwt.ExpiredSignatureError:
            return Refusal("The token has expired.", True)
        except jwt.PyJWTError as error:
            logger.info("token refused: %s", type(error).__name__)
            return REFUSED
        return caller_of(claims, self._issuer.scope_claim)

    def _open_client(self) -> jwt.PyJWKClient:
        if self._client is None:
            self._client = jwt.PyJWKClient(
                self._issuer.jwks_url or discover_keys(self._issuer.issuer),
                lifespan=LIFESPAN_SECONDS,
                timeout=TIMEOUT_SECONDS,
                cooldown_duration=COOLDOWN_SECONDS,
            )
        return self._client


def discover_keys(issuer: str) -> str:
    """Read from the issuer's discovery document where its keys are.

    Raises:
        OSError: the issuer does not answer.
    """
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as response:
        document = json.load(response)
    return cast(str, document["jwks_uri"])


def caller_of(claims: Mapping[str, Any], scope_claim: str) -> Caller:
    """Return the caller that verified claims name; scopes of other programs are left out."""
    granted = claims.get(scope_claim) or ()
    listed: Iterable[str] = granted.split() if isinstance(granted, str) else map(str, granted)
    ours = {name.removeprefix(PREFIX) for name in listed if name.startswith(PREFIX)}
    scopes = frozenset(scope for scope in Scope if scope in ours)
    subject = str(claims["sub"])
    return Caller(f"oidc:{subject}", str(claims.get("name", subject)), scopes)
