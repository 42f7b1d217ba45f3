"""The credentials of a process: each token file is exchanged once, and again before they end.

delta-rs would exchange the token for each table and folder that it opens: 328 times in an ingest of
the sample. Spark's connectors exchange it once by themselves.
"""

import time
from functools import cache
from threading import Lock

from lakehouse.identity.aws import AwsTokenFile
from lakehouse.identity.azure import AzureTokenFile
from lakehouse.identity.credentials import Credentials, TokenFile

PROVIDERS = {"s3": AwsTokenFile, "s3a": AwsTokenFile, "abfss": AzureTokenFile}


class Wallet:
    """The credentials of one token file, renewed before they end; safe for threads."""

    def __init__(self, token_file: TokenFile) -> None:
        self._token_file, self._lock = token_file, Lock()
        self._kept = Credentials({}, 0)

    def options(self) -> dict[str, str]:
        """Return credentials that stay valid for some minutes.

        Raises:
            OSError: the token file cannot be read, or the service refuses the token or does not
                answer.
        """
        with self._lock:
            if time.time() >= self._kept.renewed_at:
                self._kept = self._token_file.exchange()
            return self._kept.options


@cache
def wallet_of(token_file: TokenFile) -> Wallet:
    """Return the process's wallet of a token file."""
    return Wallet(token_file)


def options_by_token_file(scheme: str) -> dict[str, str] | None:
    """Return delta-rs' options with credentials by a token file; None: no token file counts.

    Args:
        scheme: scheme of the URI to open, such as s3a.

    Raises:
        OSError: the token file cannot be read, or the service refuses the token or does not answer.
    """
    if scheme not in PROVIDERS:
        return None
    token_file = PROVIDERS[scheme]()
    return wallet_of(token_file).options() if token_file.counts else None
