"""Identity by token file in AWS: one set of temporary credentials for all that a process opens.

EKS and other issuers put a token into a file, which AWS's security token service (STS) exchanges
for credentials. delta-rs would ask STS for each table and folder that it opens: 328 times in an
ingest of the sample. Spark's connector asks once by itself.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen
from xml.etree import ElementTree

from pydantic_settings import BaseSettings, SettingsConfigDict

# Whoever opened something with credentials may use it so long before they end, seconds.
MARGIN_SECONDS = 900
ATTEMPTS, TIMEOUT_SECONDS = 3, 10
XML = "{https://sts.amazonaws.com/doc/2011-06-15/}"


class TokenFile(BaseSettings):
    """Role and token file, from the environment variables that Amazon's own libraries read."""

    model_config = SettingsConfigDict(
        env_prefix="AWS_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    role_arn: str | None = None
    web_identity_token_file: Path | None = None
    role_session_name: str = "shopcast"
    region: str = "us-east-1"
    endpoint_url_sts: str | None = None
    access_key_id: str | None = None

    @property
    def counts(self) -> bool:
        """Return whether the token file decides: it is named, and no key is given."""
        return None not in (self.role_arn, self.web_identity_token_file) and not self.access_key_id

    @property
    def address(self) -> str:
        """The address of STS."""
        return self.endpoint_url_sts or f"https://sts.{self.region}.amazonaws.com"


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials.

    Attributes:
        options: the credentials as options of delta-rs.
        renewed_at: when others must be asked for, seconds since 1970.
    """

    options: dict[str, str]
    renewed_at: float


class Wallet:
    """The credentials of one token file, renewed before they end; safe for threads."""

    def __init__(self, token_file: TokenFile) -> None:
        self._token_file, self._lock = token_file, Lock()
        self._kept = Credentials({}, 0)

    def options(self) -> dict[str, str]:
        """Return credentials that stay valid for some minutes.

        Raises:
            OSError: the token file cannot be read, or STS refuses the token or does not answer.
        """
        with self._lock:
            if time.time() >= self._kept.renewed_at:
                self._kept = assume_role(self._token_file)
            return self._kept.options


@cache
def wallet_of(token_file: TokenFile) -> Wallet:
    """Return the process's wallet of a token file."""
    return Wallet(token_file)


def options_by_token_file() -> dict[str, str] | None:
    """Return delta-rs' options with credentials by the token file; None: no token file counts.

    Raises:
        OSError: the token file cannot be read, or STS refuses the token or does not answer.
    """
    token_file = TokenFile()
    return wallet_of(token_file).options() if token_file.counts else None


def assume_role(token_file: TokenFile) -> Credentials:
    """Exchange the token that the file has now for credentials.

    Raises:
        OSError: the token file cannot be read, or STS refuses the token or does not answer.
    """
    request = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": token_file.role_arn,
        "RoleSessionName": token_file.role_session_name,
        "WebIdentityToken": Path(str(token_file.web_identity_token_file)).read_text().strip(),
    }
    answer = ElementTree.fromstring(ask(token_file.address, urlencode(request).encode()))
    field = {element.tag.removeprefix(XML): element.text or "" for element in answer.iter()}
    ends = datetime.fromisoformat(field["Expiration"]).timestamp()
    options = {
        "aws_access_key_id": field["AccessKeyId"],
        "aws_secret_access_key": field["SecretAccessKey"],
        "aws_session_token": field["SessionToken"],
    }
    # Of credentials that live shortly, the last quarter is the margin.
    return Credentials(options, ends - min(MARGIN_SECONDS, (ends - time.time()) / 4))


def ask(address: str, form: bytes) -> bytes:
    """Post a form to STS, again after a fault of the network or of STS.

    Raises:
        OSError: STS refuses the form, or does not answer.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urlopen(address, form, TIMEOUT_SECONDS) as answer:
                return bytes(answer.read())
        except HTTPError as error:
            refusal = OSError(f"{address} answers {error.code}: {error.read().decode()[:500]}")
            if error.code < 500 or attempt == ATTEMPTS:
                raise refusal from None
        except OSError:
            if attempt == ATTEMPTS:
                raise
        time.sleep(attempt)
    raise AssertionError("the last attempt returns or raises")
