import json
from pathlib import Path
from typing import Any

import pytest
from builders import profile

from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.profile.stored import MARKER, claim_lake, stored_profile


@pytest.fixture
def claimed(lake: Lake) -> Lake:
    claim_lake(lake, profile())
    return lake


def marker(lake: Lake) -> Path:
    return Path(lake.root.removeprefix("file://")) / MARKER


def rewrite(lake: Lake, **changed: Any) -> None:
    """Change values of the profile that the lake keeps."""
    stored = json.loads(marker(lake).read_text())
    marker(lake).write_text(json.dumps({**stored, "profile": {**stored["profile"], **changed}}))


def test_a_lake_keeps_the_profile_that_it_was_claimed_with(claimed: Lake) -> None:
    assert stored_profile(claimed) == profile()
    written = marker(claimed).stat().st_mtime_ns
    claim_lake(claimed, profile())
    assert marker(claimed).stat().st_mtime_ns == written
    with pytest.raises(LakeError, match="made with profile 'sample', not 'm5'"):
        claim_lake(claimed, profile("m5"))


def test_to_look_for_a_lake_makes_no_folder(lake: Lake) -> None:
    with pytest.raises(LakeError, match="no lake here; run ingest_history"):
        stored_profile(lake)
    assert not marker(lake).parent.exists()


def test_a_file_is_no_lake(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LakeError, match="a file, no folder"):
        stored_profile(Lake.at(str(tmp_path / "file")))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"profile": {"name": "x"}}'])
def test_a_damaged_marker_is_told_with_its_place(claimed: Lake, text: str) -> None:
    marker(claimed).write_text(text)
    for asked in (lambda: stored_profile(claimed), lambda: claim_lake(claimed, profile())):
        with pytest.raises(LakeError, match=f"{MARKER}: damaged"):
            asked()


def test_a_profile_of_another_program_is_told_and_replaced_by_an_ingest(claimed: Lake) -> None:
    rewrite(claimed, currency_of_old="EUR")
    with pytest.raises(LakeError, match=r"profile\.currency_of_old: .* run ingest_history"):
        stored_profile(claimed)
    claim_lake(claimed, profile())
    assert stored_profile(claimed) == profile()
