"""What is asked of executors before the first work, and of which session."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs import build_features
from lakehouse import executors
from lakehouse.context import Context
from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.settings import JobSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_executors_name_what_they_do_not_see(spark: "SparkSession", tmp_path: Path) -> None:
    gone, there = str(tmp_path / "gone"), str(tmp_path)
    assert executors.unseen_paths(spark, [there, gone], "spark://host:7077") == [gone]


def test_a_folder_gets_a_file_for_a_while(tmp_path: Path) -> None:
    with executors.witness(tmp_path) as path:
        assert (path.parent, path.exists()) == (tmp_path, True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_and_a_folder_that_takes_none_stand_for_themselves(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.touch()
    for place in (file, Path("/proc")):
        with executors.witness(place) as path:
            assert path == place


def test_a_local_session_is_asked_nothing(
    spark: "SparkSession", lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "unseen_paths", lambda *_: pytest.fail("asked"))
    executors.require_executors(spark, {lake.root})


def test_a_command_names_its_lake_as_a_place(lake: Lake) -> None:
    context = Context(JobSettings(), "build_features")
    arguments = build_features.JOB.parser().parse_args(["--lake", lake.root])
    with pytest.raises(LakeError, match="run ingest_history first"):
        build_features.run(context, arguments)
    assert context.places == {lake.root}
