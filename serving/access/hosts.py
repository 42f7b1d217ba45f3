"""Trusted hosts: the names under which clients may ask for this server."""

from collections.abc import Sequence

ANY = "*"


class Hosts:
    """The names of this server; others are refused, as a page of another site might ask by them."""

    def __init__(self, names: str) -> None:
        """Parse the names.

        Args:
            names: separated by commas; ``*`` allows any name, ``*.b.example`` all below b.example.
        """
        listed = [name.strip().lower() for name in names.split(",") if name.strip()]
        self.allows_any = ANY in listed
        self._names = frozenset(listed)
        self._endings: Sequence[str] = [name[1:] for name in listed if name.startswith("*.")]

    def allows(self, host: bytes | None) -> bool:
        """Return whether the header Host names this server; a port does not matter."""
        if self.allows_any:
            return True
        name = without_port((host or b"").decode("latin-1").lower())
        return name in self._names or any(name.endswith(end) for end in self._endings)


def without_port(host: str) -> str:
    """Return a host without its port; an IPv6 address is in brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
