"""What one request is answered from: a snapshot, and whether its forecasts are stale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias, cast

import orjson

from lakehouse.overrides import Override
from serving.lookup.columns import Columns
from serving.lookup.snapshot import Snapshot

OVERRIDES = b"overrides"
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class View:
    """A snapshot as it is seen at an instant.

    Attributes:
        snapshot: the version served at the instant.
        is_stale: the cutoff is more months before the instant than allowed.
        cache_control: who may keep an answer, and how long.
        kept: what modules that render answers keep for the next answer.
    """

    snapshot: Snapshot
    is_stale: bool
    cache_control: str
    kept: dict[bytes, object] = field(default_factory=dict)

    def overrides_in(self, columns: Columns) -> Mapping[int, Override]:
        """Return row → override of columns; those of a whole version are kept."""
        overrides = self.snapshot.overrides
        if columns is not self.snapshot.forecasts:
            return overrides.rows_in(columns)
        if OVERRIDES not in self.kept:
            self.kept[OVERRIDES] = overrides.rows_in(columns)
        return cast(Mapping[int, Override], self.kept[OVERRIDES])

    @cached_property
    def provenance(self) -> bytes:
        """The members version, cutoff and stale of JSON objects, with a comma behind each."""
        version = self.snapshot.version
        members = {
            "version": version.version,
            "cutoff": f"{version.cutoff:%Y-%m}",
            "stale": self.is_stale,
        }
        return orjson.dumps(members)[1:-1] + b","

    @cached_property
    def shop_texts(self) -> dict[str, bytes]:
        """Shop id → the members shop_id and shop_name of JSON objects, with a comma behind each.

        Only shops with a name; ``shop_text`` writes every shop.
        """
        names = self.snapshot.shops.names
        return {shop: shop_members(shop, name) for shop, name in names.items()}

    def shop_text(self, shop_id: str) -> bytes:
        """Return the members shop_id and shop_name of a JSON object, with a comma behind each."""
        return self.shop_texts.get(shop_id) or shop_members(shop_id, None)

    def headers(self, representation: str, media_type: str) -> Headers:
        """Return the headers of an answer that caches may keep, but for its length.

        Args:
            representation: json, page, csv and so on: each has other bytes, and with them another
                entity tag. Fresh and stale answers have different bytes, too.
            media_type: the Content-Type.
        """
        return [
            (b"content-type", media_type.encode()),
            (b"etag", self.etag(representation).encode()),
            (b"cache-control", self.cache_control.encode()),
            (b"vary", b"Accept, Accept-Encoding"),
        ]

    def etag(self, representation: str) -> str:
        """Return the entity tag of a representation, as RFC 9110 quotes it."""
        return f'"{self.snapshot.tag}-{representation}{"-stale" if self.is_stale else ""}"'

    @cached_property
    def json_headers(self) -> Headers:
        """The headers of a JSON answer, but for its length."""
        return self.headers("json", "application/json")

    @cached_property
    def json_etag(self) -> str:
        """The entity tag of JSON answers."""
        return self.etag("json")


def shop_members(shop_id: str, name: str | None) -> bytes:
    """Write the members shop_id and shop_name of a JSON object, with a comma behind each."""
    return orjson.dumps({"shop_id": shop_id, "shop_name": name})[1:-1] + b","
