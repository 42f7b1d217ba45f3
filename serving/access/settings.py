"""Settings of access: who may ask, how often, how much and how slowly."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt
from pydantic_settings import BaseSettings


class AccessSettings(BaseSettings):
    """Keys, tokens, hosts, rates and limits of requests."""

    reads: Annotated[
        Literal["open", "keys"], Field(description="open: anyone reads; keys: scope read is needed")
    ] = "open"
    keys_file: Annotated[
        Path | None,
        Field(description="JSON file of more keys, as `keys create --for-file` prints them"),
    ] = None
    oidc_issuer: Annotated[
        str | None,
        Field(pattern="^https?://", description="who issues bearer tokens; unset: keys alone"),
    ] = None
    oidc_audience: Annotated[str, Field(description="audience that a token must name")] = "shopcast"
    oidc_algorithms: Annotated[
        str, Field(description="signatures accepted, separated by commas")
    ] = "RS256,ES256"
    oidc_jwks_url: Annotated[
        str | None,
        Field(pattern="^https?://", description="the issuer's keys; unset: as the issuer says"),
    ] = None
    oidc_scope_claim: Annotated[
        str, Field(description="claim that lists scopes, such as shopcast:write")
    ] = "scope"
    allowed_hosts: Annotated[
        str, Field(description="names of this server, separated by commas: a.example,*.b.example")
    ] = "*"
    rate_limit: Annotated[
        str,
        Field(
            pattern="^(off|[1-9][0-9]{0,8}/(second|minute|hour))$",
            description="requests of each key, or of each address without a key",
        ),
    ] = "6000/minute"
    max_body_bytes: Annotated[
        PositiveInt, Field(description="greatest body of a request that is no upload")
    ] = 8 * 2**20
    body_seconds: Annotated[
        float, Field(gt=0, le=3600, description="longest time for a body that is no upload")
    ] = 30
    header_seconds: Annotated[
        float, Field(gt=0, le=3600, description="longest time for the header of a request")
    ] = 10

    @property
    def reads_open(self) -> bool:
        """Whether reading needs no key."""
        return self.reads == "open"
