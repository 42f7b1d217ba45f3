"""Lookups in the copy that jobs.publish keeps in PostgreSQL."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import pyarrow as pa

from lakehouse.errors import LakeError
from lakehouse.tables.gold import FORECAST_VERSIONS, FORECASTS
from lakehouse.tables.silver import SHOPS
from publishing.postgresql.reader import CopyReader, CopyUnavailableError
from serving.lookup import shops
from serving.lookup.columns import Columns
from serving.lookup.gathering import COLUMNS
from serving.lookup.shops import Shops
from serving.lookup.snapshot import Snapshot
from serving.lookup.versions import NothingPublishedError, Version
from serving.problems import not_ready

FORECAST_COLUMNS = pa.schema([FORECASTS.schema.field(name) for name in COLUMNS])
SHOP_COLUMNS = pa.schema([SHOPS.schema.field(name) for name in shops.COLUMNS])
VERSION_COLUMNS = pa.schema(
    [FORECAST_VERSIONS.schema.field(name) for name in Version.__dataclass_fields__]
)
RETRY_SECONDS = 5


class CopiedForecasts:
    """The forecasts of one version in PostgreSQL; implements ``Forecasts``.

    Attributes:
        version: the version.
        shops: ids of the shops that the version has forecasts of.
        items: ids of the items that the version has forecasts of.
    """

    def __init__(self, reader: CopyReader, version: Version) -> None:
        self.version, self._reader = version, reader
        self.shops = reader.ids("shop_id", version.version)
        self.items = reader.ids("item_id", version.version)

    def __len__(self) -> int:
        return self.version.rows

    async def find(self, shop_id: str, item_id: str) -> Columns:
        """Read a pair's forecasts."""
        return await self.find_many([shop_id], [item_id])

    async def find_many(self, shop_ids: Sequence[str], item_ids: Sequence[str]) -> Columns:
        """Read the forecasts of pairs with one query."""
        pairs = sorted(
            (shop, item)
            for shop, item in set(zip(shop_ids, item_ids, strict=True))
            if shop in self.shops and item in self.items
        )
        rows = FORECAST_COLUMNS.empty_table()
        if pairs:
            read = self._reader.forecasts_of_pairs
            rows = await query(lambda: read(FORECAST_COLUMNS, self.version.version, pairs))
        return Columns.of(rows, self.shops & set(shop_ids), self.items & set(item_ids))

    async def find_shop(self, shop_id: str) -> Columns:
        """Read a shop's forecasts with one query."""
        read = self._reader.forecasts_of_shop
        rows = await query(lambda: read(FORECAST_COLUMNS, self.version.version, shop_id))
        return Columns.of(rows)

    async def find_all(self) -> Columns:
        """Read the whole version into memory, with one query per shop."""
        read = self._reader.forecasts_of_shop
        tables = [FORECAST_COLUMNS.empty_table()]
        for shop_id in sorted(self.shops):
            tables.append(
                await query(partial(read, FORECAST_COLUMNS, self.version.version, shop_id))
            )
        return Columns.of(pa.concat_tables(tables))


async def query(read: Callable[[], pa.Table]) -> pa.Table:
    """Run a query in another thread.

    Raises:
        ProblemError: the copy cannot be read now (status 503).
    """
    try:
        return await asyncio.to_thread(read)
    except CopyUnavailableError as error:
        raise not_ready(str(error), RETRY_SECONDS) from error


def read_copied_snapshot(reader: CopyReader, served: Snapshot | None = None) -> Snapshot:
    """Read the newest published version and the shops from the copy.

    Args:
        reader: reads the copy.
        served: a snapshot whose forecasts are reused if its version is still the newest.

    Raises:
        LakeError: the copy cannot be read now.
        NothingPublishedError: no version is published; run jobs.forecast, then jobs.publish.
    """
    try:
        versions = reader.served_version(VERSION_COLUMNS).to_pylist()
        if not versions:
            raise NothingPublishedError("The copy has no published forecasts; run jobs.publish.")
        version = Version(**versions[0])
        present = Shops.of(reader.shops(SHOP_COLUMNS))
        if served is not None and served.version == version:
            return Snapshot(version, served.forecasts, present)
        return Snapshot(version, CopiedForecasts(reader, version), present)
    except CopyUnavailableError as error:
        raise LakeError(str(error)) from error
