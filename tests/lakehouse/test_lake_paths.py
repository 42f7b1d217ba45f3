"""A folder is the same one to every reader of tables, or no lake."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builders import events, profile
from job_runs import run
from lakes import rows

from jobs import maintain
from lakehouse.delta import rows as spark_rows
from lakehouse.delta.arrow import append_rows
from lakehouse.delta.parts import TableRows, read_parts, write_files
from lakehouse.errors import UsageError
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake
from lakehouse.storage import local_path
from lakehouse.tables.bronze import SALES_EVENTS as TABLE
from serving.__main__ import main as serve
from streaming.queries.checkpoint import Checkpoint

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

REFUSED = ["%", "%25", "%20", "#", "?", "[", "]", "{", "}", "^", "|", "\\", "*", "\t", "\n", "\x01"]
# All others that a keyboard has, at once, and letters that need more than a byte.
FINE = "Läden 店 ( ) + , ; & = ' : \" < > ` ~ @ ! $ _ . -"


@pytest.mark.parametrize("character", REFUSED)
def test_a_path_that_readers_take_for_different_ones_is_refused_and_nothing_is_made(
    character: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    location = f"{tmp_path}/x{character}y/lake"
    code, figures = run(maintain.JOB, "--lake", location)
    assert (code, repr(character[0]) in figures["error"]) == (2, True), figures
    assert serve(["--lake", location]) == 2
    assert repr(character[0]) in capsys.readouterr().err
    with pytest.raises(UsageError, match="the path has the character"):
        Checkpoint.at(Lake.at(str(tmp_path)), location)
    assert os.listdir(tmp_path) == []


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="udcff"):
        Lake.at(f"{tmp_path}/\udcff")


@pytest.mark.parametrize("scheme", ["s3a://bucket", "abfss://c@account.dfs.core.windows.net"])
def test_a_path_in_an_object_store_is_bound_to_the_same_characters(scheme: str) -> None:
    with pytest.raises(UsageError, match="'#'"):
        Lake.at(f"{scheme}/lake#1")


@pytest.mark.parametrize("prefix", ["file://", "file:", "file://localhost"])
def test_a_uri_as_file_managers_write_it_is_the_folder(prefix: str, tmp_path: Path) -> None:
    folder = tmp_path / "mit ä"
    assert Lake.at(prefix + folder.as_uri().removeprefix("file://")) == Lake.at(str(folder))
    assert local_path(Lake.at(folder.as_uri()).root) == folder
    with pytest.raises(UsageError, match="'#'"):
        Lake.at((tmp_path / "x#").as_uri())


def test_a_relative_uri_is_below_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Lake.at("file://mit%20leer") == Lake.at("mit leer")
    assert Lake.at(Lake.at("mit leer").root) == Lake.at("mit leer")


def test_a_folder_of_any_other_name_is_read_by_all(spark: "SparkSession", tmp_path: Path) -> None:
    lake = Lake.at(f"{tmp_path}/{FINE}")
    claim_lake(lake, profile())
    append_rows(lake, TABLE, events(b"{}"))
    parts = write_files(lake, TableRows(TABLE, events(b"{}", b"{}")))
    assert os.listdir(tmp_path) == [FINE]
    found = [
        len(rows(lake, TABLE)),
        spark_rows.read(spark, lake, TABLE).count(),
        read_parts(spark, lake, TABLE, parts).count(),
    ]
    assert found == [1, 1, 2]
    assert run(maintain.JOB, "--lake", lake.root)[0] == 0
