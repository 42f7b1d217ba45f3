"""Records, profiles and folders of files with defaults, so that a test names only what matters."""

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa

from lakehouse.profile.profile import Profile, load_profile
from lakehouse.tables.bronze import RECEIVED
from lakehouse.types import TIMESTAMP, WHOLE

MIDNIGHT = datetime(2020, 1, 1, tzinfo=UTC)
HEADER = ("date", "date_block_num", "shop_id", "item_id", "item_price", "item_cnt_day")
SHOPS = 'shop_name,shop_id\n"Ashbourne Mall ""West"", 2",1\nBridgeton Park,2\n'
ITEMS = 'item_name,item_id,item_category_id\n"Lamp, green",10,5\nBook,11,6\n'
CATEGORIES = "item_category_name,item_category_id\nHome - Light,5\nBooks,6\n"


def profile(name: str = "sample", **sales: Any) -> Profile:
    """A shipped profile with every block of features, and other values in its section on sales."""
    shipped = load_profile(name).model_dump(mode="json", exclude_none=True)
    changed = {"sales": {**shipped["sales"], **sales}, "features": {"without": []}}
    return Profile.model_validate({**shipped, **changed})


def every_feature(folder: Path) -> Path:
    """Write the sample's profile with every block of features, and return its file."""
    text = (resources.files("lakehouse.profile.profiles") / "sample.toml").read_text(
        encoding="utf-8"
    )
    (file := folder / "sample.toml").write_text(f"{text}\n[features]\nwithout = []\n")
    return file


def own_id_profile(identity: Any = "sale_id") -> Profile:
    """A profile whose files name each sale, its version and what is done with it."""
    columns = {name: name for name in ("date", "shop_id", "item_id", "units", "price")}
    return profile(
        columns={**columns, "sale_id": "sale_id", "updated_at": "updated_at", "op": "op"},
        identity=identity,
    )


def record(**fields: Any) -> bytes:
    """A sales record as JSON; None leaves a field out."""
    sale = {"date": "2015-03-07", "shop_id": "1", "item_id": "10", "units": "2", "price": "9.5"}
    kept = {name: value for name, value in {**sale, **fields}.items() if value is not None}
    return json.dumps(kept).encode()


def cancel(sale_id: str, updated_at: str) -> bytes:
    """A cancel that names the sale and nothing else."""
    return json.dumps({"op": "cancel", "sale_id": sale_id, "updated_at": updated_at}).encode()


def events(
    *values: bytes | None,
    source: str = "file",
    received_at: datetime = MIDNIGHT,
    offsets: Sequence[int] | None = None,
) -> pa.Table:
    """Records as received, numbered from 0."""
    count = len(values)
    columns = {
        "source": pa.repeat(source, count),
        "partition": pa.array([0] * count, WHOLE),
        "offset": pa.array(offsets if offsets is not None else range(count), pa.int64()),
        "value": pa.array(values, pa.binary()),
        "received_at": pa.array([received_at] * count, TIMESTAMP),
        "ingested_at": pa.array([MIDNIGHT] * count, TIMESTAMP),
    }
    return pa.table(columns, schema=pa.schema([column.field for column in RECEIVED]))


def sale_line(**fields: Any) -> str:
    """A line of a sales file shaped like 1C's."""
    sale: Mapping[str, Any] = {
        "date": "07.03.2015",
        "date_block_num": "26",
        "shop_id": "1",
        "item_id": "10",
        "item_price": "9.5",
        "item_cnt_day": "2.0",
    }
    return ",".join(str(value) for value in {**sale, **fields}.values())


def sales_text(*lines: str) -> str:
    """The text of a sales file."""
    return "\n".join([",".join(HEADER), *lines]) + "\n"


def data_folder(folder: Path, **sales: str | bytes) -> Path:
    """A folder of files that the profile sample reads.

    Args:
        folder: made where it is missing.
        sales: text or bytes by name: ``sales_a`` becomes sales_a.csv, ``sales_a_gz`` is packed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shops.csv").write_text(SHOPS)
    (folder / "items.csv").write_text(ITEMS)
    (folder / "item_categories.csv").write_text(CATEGORIES)
    for name, content in sales.items():
        raw = content.encode() if isinstance(content, str) else content
        is_packed = name.endswith("_gz")
        path = folder / (f"{name.removesuffix('_gz')}.csv.gz" if is_packed else f"{name}.csv")
        path.write_bytes(gzip.compress(raw) if is_packed else raw)
    return folder
