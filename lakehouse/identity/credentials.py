"""Temporary credentials, and the request by which a token service gives them."""

import time
from dataclasses import dataclass
from typing import Protocol
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

# Whoever opened something with credentials may use it so long before they end, seconds.
MARGIN_SECONDS = 900
ATTEMPTS, TIMEOUT_SECONDS = 3, 10
SHOWN_CHARACTERS = 500


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials.

    Attributes:
        options: the credentials as options of delta-rs.
        renewed_at: when others must be asked for, seconds since 1970.
    """

    options: dict[str, str]
    renewed_at: float

    @classmethod
    def until(cls, ends: float, options: dict[str, str]) -> "Credentials":
        """Return credentials that end at a time; the last quarter of a short life is the margin.

        Args:
            ends: seconds since 1970.
            options: the credentials as options of delta-rs.
        """
        return cls(options, ends - min(MARGIN_SECONDS, (ends - time.time()) / 4))


class TokenFile(Protocol):
    """A token file of a provider, and who the token makes a process."""

    def __hash__(self) -> int:
        """Equal token files share credentials."""
        ...

    @property
    def counts(self) -> bool:
        """Return whether the token file decides: it is named, and no key is given."""
        ...

    def exchange(self) -> Credentials:
        """Exchange the token that the file has now.

        Raises:
            OSError: the file cannot be read, or the service refuses the token or does not answer.
        """
        ...


def ask(address: str, form: dict[str, str | None]) -> bytes:
    """Post a form to a token service, again after a fault of the network or of the service.

    Raises:
        OSError: the service refuses the form, or does not answer.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urlopen(address, urlencode(form).encode(), TIMEOUT_SECONDS) as answer:
                return bytes(answer.read())
        except HTTPError as error:
            said = error.read().decode(errors="replace")[:SHOWN_CHARACTERS]
            if error.code < 500 or attempt == ATTEMPTS:
                raise OSError(f"{address} answers {error.code}: {said}") from None
        except OSError:
            if attempt == ATTEMPTS:
                raise
        time.sleep(attempt)
    raise AssertionError("the last attempt returns or raises")
