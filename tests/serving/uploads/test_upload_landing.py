"""Without Kafka, uploads land in files that jobs.ingest_history takes in to the same rows."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import data_folder, events, profile, sale_line, sales_text
from job_runs import run
from published import PublishedLake
from uploading import CSV, NDJSON, Uploader, counts, json_list, lines, sale

from ingestion.sales.intake import merge_few_sales
from jobs.ingest_history import JOB
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import claim_lake
from lakehouse.tables.silver import DAILY_SALES, ITEMS, SHOPS
from serving.settings import ServingSettings
from serving.uploads.forms import What
from serving.uploads.landing import Landing, sales_name
from serving.uploads.stage import Stage
from serving.uploads.verdicts import messages_of


def ingest(lake: Lake, folder: Path) -> dict[str, Any]:
    arguments = ("--data", folder, "--profile", "sample", "--lake", lake.root)
    code, figures = run(JOB, *arguments)
    assert code == 0, figures
    return figures


def landed(settings: ServingSettings, pattern: str = "sales*") -> list[Path]:
    return sorted(settings.landing.glob(pattern))


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
def test_a_landed_file_comes_in_as_the_stream_would_take_the_rows(
    uploader: Uploader, published: PublishedLake, settings: ServingSettings, tmp_path: Path
) -> None:
    first = data_folder(tmp_path / "data", sales_a=sales_text(sale_line()))
    ingest(published.lake, first)
    before = read_table(published.lake, DAILY_SALES).to_pylist()
    rows = [sale(), sale(item_id="Café 8", units=-1, price=None), sale(date="x")]
    answer = uploader.post(lines(*rows), media=NDJSON).json()
    assert answer["command"] == (
        'python -m jobs.ingest_history --data "$LANDING_FOLDER" --profile sample'
    )
    (file,) = landed(settings)
    figures = ingest(published.lake, settings.landing)
    assert (figures["files"], figures["received"], figures["rejected"]) == (1, 2, 0)
    assert ingest(published.lake, settings.landing)["files_skipped"] == 1
    other = Lake.at(str(tmp_path / "other"))
    claim_lake(other, profile())
    merge_few_sales(other, events(*[json.dumps(row).encode() for row in rows[:2]]), profile())
    names = ("sale_id", "date", "shop_id", "item_id", "units", "price", "is_cancelled")
    old = {row["sale_id"] for row in before}
    new = [
        r for r in read_table(published.lake, DAILY_SALES).to_pylist() if r["sale_id"] not in old
    ]
    wanted = read_table(other, DAILY_SALES).to_pylist()
    assert sorted([[r[n] for n in names] for r in new], key=str) == sorted(
        [[r[n] for n in names] for r in wanted], key=str
    )
    assert len(new) == 2
    assert file.exists()


def test_landed_shops_and_items_are_merged_into_the_catalogue(
    uploader: Uploader, published: PublishedLake, settings: ServingSettings
) -> None:
    shops = b'[\n{"shop_id": "7",\r\n "name": "Seven"}]'
    table = "item_name,item_id,item_category_id\nLamp,9,5\n"
    assert uploader.post(shops, "shops", what="shops").status_code == 202
    assert uploader.post(table.encode(), "items", CSV, "items").status_code == 202
    figures = ingest(published.lake, settings.landing)
    assert figures["catalogue_messages"] == {"received": 2, "changed": 2}
    assert ingest(published.lake, settings.landing)["catalogue_messages"]["changed"] == 0
    names = {r["shop_id"]: r["name"] for r in read_table(published.lake, SHOPS).to_pylist()}
    assert names["7"] == "Seven"
    (item,) = read_table(published.lake, ITEMS).to_pylist()
    assert (item["item_id"], item["name"], item["category_id"]) == ("9", "Lamp", "5")


def test_what_files_of_the_profile_cannot_state_is_rejected(uploader: Uploader) -> None:
    rows = [
        sale(),
        sale(updated_at="2015-11-01T10:00:00Z"),
        sale(op="cancel"),
        sale(op="upsert", item_id="8"),
        sale(item_id="two\nlines"),
    ]
    answer = uploader.post(json_list(*rows)).json()
    assert counts(answer) == (5, 2, 3, 0)
    assert [(e["line"], e["field"], e["code"]) for e in answer["errors"]] == [
        (2, "updated_at", "not_in_files"),
        (3, "op", "not_in_files"),
        (5, "item_id", "over_lines"),
    ]


def meaning(files: list[str], **form: str) -> Profile:
    shipped = profile(files=files).model_dump(mode="json", exclude_none=True)
    return Profile.model_validate({**shipped, "files": form})


def land(folder: Path, which: Profile) -> Path:
    """Land a sale, and return the file."""
    value = json.dumps(sale(shop_id="Café; 1", price="2.50", units="3")).encode()
    folder.mkdir()
    stage = folder / "stage"
    with Stage(stage) as staged:
        staged.add(messages_of(pa.array([b"key"]), pa.array([value])))
    Landing(folder / "landing", What.SALES, which).pass_on(stage, "id")
    return folder / "landing" / sales_name(which, "id")


def test_a_landed_file_has_the_form_that_the_profile_reads(tmp_path: Path) -> None:
    own = {"delimiter": ";", "encoding": "iso-8859-1", "decimal": ","}
    packed = land(tmp_path / "gz", meaning(["day_*.csv.gz"], **own))
    assert packed.name == "day_-upload-id.csv.gz"
    text = gzip.decompress(packed.read_bytes()).decode("iso-8859-1")
    assert list(csv.reader(text.splitlines(), delimiter=";"))[1] == [
        "2015-10-31", "Café; 1", "20949", "3", "2,50",
    ]  # fmt: skip
    fixed = land(tmp_path / "fixed", meaning(["sales.csv"]))
    assert fixed.relative_to(tmp_path / "fixed" / "landing") == Path("id/sales.csv")
    parquet = land(tmp_path / "pq", meaning(["a*.csv", "b*.parquet"]))
    assert parquet.name == "b-upload-id.parquet"
    assert pq.read_table(parquet).to_pylist()[0]["item_price"] == "2.50"
