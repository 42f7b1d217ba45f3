"""Credentials that the settings name: keys of the state database and of a file, OIDC tokens."""

from collections.abc import Callable
from datetime import datetime

from serving.access.identity import Identities, KeySource
from serving.access.key_file import KeyFile
from serving.access.key_store import KeyStore
from serving.access.settings import AccessSettings
from serving.access.tokens import Issuer, OidcTokens
from serving.state import StateFolder


def open_identities(
    settings: AccessSettings, state: StateFolder, clock: Callable[[], datetime]
) -> Identities:
    """Open the credentials.

    Args:
        settings: the file of keys and the issuer of tokens.
        state: has the database of keys.
        clock: returns the current time, UTC.

    Raises:
        UsageError: the file of keys is not sound, or an algorithm is not allowed.
    """
    sources: list[KeySource] = [KeyStore(state)]
    if settings.keys_file is not None:
        sources.append(KeyFile(settings.keys_file))
    issuer = issuer_of(settings)
    return Identities(sources, OidcTokens(issuer) if issuer else None, clock)


def issuer_of(settings: AccessSettings) -> Issuer | None:
    """Return the issuer of tokens; None: keys alone are accepted.

    Raises:
        UsageError: an algorithm is not allowed.
    """
    if settings.oidc_issuer is None:
        return None
    algorithms = tuple(name.strip() for name in settings.oidc_algorithms.split(",") if name.strip())
    return Issuer(
        settings.oidc_issuer,
        settings.oidc_audience,
        algorithms,
        settings.oidc_jwks_url,
        settings.oidc_scope_claim,
    )
