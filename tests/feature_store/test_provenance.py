"""What months are made from: nothing but a change of rows, settings or versions redoes them."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from builders import events, profile
from deltalake import Field
from job_runs import run
from small_lakes import HISTORY, assemble_panels, no_spark, random_sales, small_lake

from feature_store import code_versions, earlier_records, planning
from feature_store.build import Build
from feature_store.earlier_records import adopt_cells
from feature_store.lineage import cell_digests, stale
from feature_store.panel import assembly
from feature_store.panel.checks import require_fit_panel
from feature_store.panel.rows import PanelRows
from features import version
from features.feature_set import SPINES, feature_set, panel_table
from features.groups import feature_groups
from features.statistic import LATEST
from features.tables import features_table, monthly_table
from forecasting.versions import forecast_inputs
from ingestion.sales.intake import merge_few_sales
from jobs import build_panel, maintain, score_forecasts
from lakehouse.delta import builds, creation, listing, log
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.stored import stored_profile
from lakehouse.table import Table
from lakehouse.tables.silver import DAILY_SALES
from modelling import lineage
from modelling.lineage import made_by, training_digest, was_made_by
from modelling.version import MODEL
from streaming.queries.metrics import RefreshMetrics
from streaming.queries.refresh import Refresh

SALES = random_sales(3, 300)
PROFILE = profile()
ROOT = Path(__file__).parents[2]
# Built and assembled by the last program that recorded file names and the text of its modules.
BEFORE = ROOT / "tests" / "golden" / "lake_before_versions.tar.xz"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "lake"
    assemble_panels(small_lake(folder, SALES))
    return folder


@pytest.fixture
def lake(built: Path, tmp_path: Path) -> Lake:
    shutil.copytree(built, tmp_path / "lake")
    return Lake.at(str(tmp_path / "lake"))


def derived(lake: Lake) -> list[Table]:
    features = feature_set(stored_profile(lake))
    groups = [table(g) for table in (monthly_table, features_table) for g in features.groups]
    return [*groups, panel_table(features, SPINES[0])]


def rebuilt(lake: Lake) -> list[str]:
    """Build all that is due, and return the tables that were written."""
    before = {table.path: log.version(lake, table) for table in derived(lake)}
    Build.of(lake, no_spark).run()
    assemble_panels(lake)
    tables = derived(lake)
    return [t.path for t in tables if log.version(lake, t) != before.get(t.path)]


def replaced(lake: Lake, states: dict[str, dict]) -> set[str]:  # type: ignore[type-arg]
    """The tables of which rows of a month were replaced."""
    return {t.path for t in derived(lake) if listing.month_digests(lake, t) != states[t.path]}


def states_of(lake: Lake) -> dict[str, dict]:  # type: ignore[type-arg]
    return {table.path: listing.month_digests(lake, table) for table in derived(lake)}


def told(lake: Lake) -> list[object]:
    """What scores, forecasts and models say that they are made from."""
    profile, months = stored_profile(lake), MonthRange(date(2015, 4, 1), date(2015, 6, 1))
    features = feature_set(profile)
    panel = PanelRows(lake, features, SPINES[0], tuple(months))
    return [
        score_forecasts.cells(lake, features),
        forecast_inputs(lake, features, months.last, {1: "run"}, None),
        training_digest(panel, profile.model),
    ]


@pytest.mark.parametrize(
    ("tags", "is_current"),
    [
        ({"versions": made_by(feature_groups(PROFILE))}, True),
        ({"versions": '{"model": 0}'}, False),
        ({"versions": f'{{"statistic mean": 2, "model": {MODEL}}}'}, False),
        ({"versions": f'{{"statistic gone": 2, "model": {MODEL}}}'}, True),
    ],
)
def test_a_champion_was_made_by_other_code_where_a_version_differs(
    tags: dict[str, str], is_current: bool
) -> None:
    assert was_made_by(tags, feature_groups(PROFILE)) is is_current


@pytest.mark.parametrize("number", [1, 2])
def test_a_champion_of_before_was_made_by_the_first_versions(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(code_versions, "CELLS", {"cells": 1})
    monkeypatch.setattr(code_versions, "PANEL", {"panel": number})
    monkeypatch.setattr(lineage, "MODELS", {"model": 1})
    assert was_made_by({}, feature_groups(PROFILE)) is (number == 1)


@contextmanager
def statistic_version(number: int) -> Iterator[None]:
    object.__setattr__(LATEST, "version", number)
    try:
        yield
    finally:
        object.__setattr__(LATEST, "version", 1)


@pytest.mark.slow
def test_after_compaction_of_every_table_a_lake_of_many_buckets_is_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SALES_PER_BUCKET", 10)
    monkeypatch.setattr(planning, "ROWS_PER_BUCKET", 10)
    lake = small_lake(tmp_path / "lake", SALES)
    assemble_panels(lake)
    assert len(listing.month_files(lake, derived(lake)[0])[HISTORY.first]) > 5, "buckets"
    before = told(lake)
    for _ in range(2):
        upkeep = run(maintain.JOB, "--lake", lake.root, "--files", 1, "--retain-hours", 0)
        assert rebuilt(lake) == []
        assert told(lake) == before
    assert upkeep[1]["files_joined"] == 0


def test_no_number_of_later_commits_makes_a_lake_forget(lake: Lake) -> None:
    pairs = derived(lake)[0]
    for number in range(200):
        log.set_property(lake, pairs, "shopcast.test", str(number))
    log.set_property(lake, pairs, "delta.logRetentionDuration", "interval 0 days")
    log.load(lake, pairs).create_checkpoint()
    log.load(lake, pairs).cleanup_metadata()
    names = sorted(path.name for path in (Path(lake.uri(pairs)[7:]) / "_delta_log").iterdir())
    assert "00000000000000000000.json" not in names
    log.forget()
    assert rebuilt(lake) == []


@pytest.mark.slow
def test_a_program_of_other_text_and_other_files_builds_nothing_again(
    lake: Lake, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for module in ROOT.glob("*/__init__.py"):
        shutil.copytree(module.parent, other / module.parent.name)
    for module in other.rglob("*.py"):
        module.write_text(module.read_text() + "\n# A comment.\n")
    (other / "features" / "compute.py").rename(other / "features" / "computing.py")
    for module in other.rglob("*.py"):
        text = module.read_text()
        module.write_text(text.replace("features.compute import", "features.computing import"))
    before = [log.version(lake, table) for table in derived(lake)]
    for job in ("build_features", "build_panel"):
        subprocess.run(
            [sys.executable, "-m", f"jobs.{job}", "--lake", lake.root],
            env={**os.environ, "PYTHONPATH": str(other)},
            cwd=other,
            check=True,
            capture_output=True,
        )
    assert [log.version(lake, table) for table in derived(lake)] == before


def test_a_statistic_of_a_later_version_redoes_the_groups_that_have_it_and_the_panel(
    lake: Lake,
) -> None:
    features = feature_set(stored_profile(lake))
    having = {g for g in features.groups if LATEST in {f.statistic for f in g.features}}
    assert 0 < len(having) < len(features.groups)
    panel = panel_table(features, SPINES[0]).path
    with statistic_version(2):
        assert set(rebuilt(lake)) == {features_table(group).path for group in having} | {panel}
        assert rebuilt(lake) == []


def test_cells_of_a_later_version_that_come_out_the_same_redo_no_features(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = states_of(lake)
    monkeypatch.setattr(code_versions, "CELLS", {"cells": version.CELLS + 1})
    cells = {monthly_table(group).path for group in feature_set(stored_profile(lake)).groups}
    assert set(rebuilt(lake)) == cells
    assert replaced(lake, states) == set()


def test_a_panel_of_a_later_version_is_assembled_again_and_nothing_else(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = {"panel": version.PANEL + 1}
    monkeypatch.setattr(code_versions, "PANEL", later)
    monkeypatch.setattr(assembly, "OF_PANEL_TABLE", {**code_versions.OF_PANEL_TABLE, **later})
    assert rebuilt(lake) == [derived(lake)[-1].path]


def test_an_older_program_leaves_what_a_newer_one_built(lake: Lake) -> None:
    with statistic_version(2):
        assert rebuilt(lake)
    before = [log.version(lake, table) for table in derived(lake)]
    with pytest.raises(
        RefusedError, match=r"newer program, with version 2 of its statistic latest"
    ):
        Build.of(lake, no_spark).run()
    assert [log.version(lake, table) for table in derived(lake)] == before
    with statistic_version(2):
        assert rebuilt(lake) == []


@pytest.mark.slow
def test_an_older_refresh_leaves_what_a_newer_one_built(lake: Lake) -> None:
    with statistic_version(2):
        Build.of(lake, no_spark).run()
    late = {**SALES[0], "date": "07.06.2015", "units": "5"}
    merge_few_sales(lake, events(json.dumps(late).encode()), stored_profile(lake))
    before = [log.version(lake, table) for table in derived(lake)]
    refresh = Refresh(lake, no_spark, RefreshMetrics())
    refresh()
    refresh(is_last=True)
    assert [log.version(lake, table) for table in derived(lake)] == before
    with statistic_version(2):
        refresh = Refresh(lake, no_spark, RefreshMetrics())
        refresh(is_last=True)
        assert Build.of(lake, no_spark).stale_months() == set()


def test_an_older_program_leaves_a_panel_that_a_newer_one_assembled(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "OF_PANEL_TABLE", {"panel": version.PANEL + 1})
    assert run(build_panel.JOB, "--lake", lake.root, "--rebuild")[0] == 0
    monkeypatch.undo()
    code, figures = run(build_panel.JOB, "--lake", lake.root)
    assert code != 0
    assert "built by a newer program" in figures["error"]
    rows = PanelRows(lake, feature_set(stored_profile(lake)), SPINES[0], (date(2015, 6, 1),))
    with pytest.raises(RefusedError, match="built by a newer program"):
        require_fit_panel(rows)


def test_a_sale_redoes_its_month_alone(lake: Lake) -> None:
    pairs = derived(lake)[0]
    before = listing.month_digests(lake, pairs)
    late = {**SALES[0], "date": "07.03.2015", "units": "5"}
    merge_few_sales(lake, events(json.dumps(late).encode()), stored_profile(lake))
    assert rebuilt(lake)
    after = listing.month_digests(lake, pairs)
    assert [m.month for m in after if after[m] != before[m]] == [3]
    assert rebuilt(lake) == []


@pytest.mark.slow
def test_cells_that_lack_a_declared_column_are_made_again(lake: Lake) -> None:
    pairs = derived(lake)[0]
    log.load(lake, pairs).alter.add_columns([Field("once_declared", "integer")])
    log.forget()
    assert pairs.path in rebuilt(lake)
    assert creation.has_declared_columns(lake, pairs)


@pytest.fixture
def earlier(tmp_path: Path) -> Lake:
    """A lake that the last program before declared versions built."""
    with tarfile.open(BEFORE) as kept:
        kept.extractall(tmp_path / "earlier", filter="data")
    return Lake.at(str(tmp_path / "earlier"))


def maintained(lake: Lake) -> None:
    assert run(maintain.JOB, "--lake", lake.root, "--files", 1, "--retain-hours", 0)[0] == 0


def unlike(lake: Lake) -> set[str]:
    """The tables of groups whose columns are declared otherwise by now, and the panel."""
    differing = set()
    for group in feature_set(stored_profile(lake)).groups:
        tables = (monthly_table(group), features_table(group))
        if not all(creation.has_declared_columns(lake, table) for table in tables):
            differing |= {table.path for table in tables}
    return differing | {derived(lake)[-1].path}


@pytest.mark.slow
def test_a_lake_of_before_is_carried_over_but_for_what_is_computed_otherwise_by_now(
    earlier: Lake,
) -> None:
    states, others = states_of(earlier), unlike(earlier)
    assert len(others) < len(states) / 2
    rebuilt(earlier)
    assert replaced(earlier, states) == others
    states = states_of(earlier)
    assert rebuilt(earlier) == []
    maintained(earlier)
    assert rebuilt(earlier) == []
    assert replaced(earlier, states) == set()


@pytest.fixture
def first_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that computes what the last one before declared versions did."""
    for module in (code_versions, earlier_records):
        monkeypatch.setattr(module, "CELLS", {"cells": 1})


def due_of(lake: Lake, number: int) -> set[date]:
    """The months whose cells of a group are due, where its columns are as they were."""
    build = Build.of(lake, no_spark)
    adopt_cells(lake, build.profile, build.groups, build.history)
    group = [g for g in build.groups if monthly_table(g).path not in unlike(lake)][number]
    wanted = cell_digests(lake, build.profile, build.history)
    return set(stale(wanted, builds.read_digests(lake, monthly_table(group))))


@pytest.mark.usefixtures("first_versions")
@pytest.mark.parametrize("is_compacted", [False, True])
def test_a_record_of_before_holds_where_nothing_changed_also_through_compaction(
    earlier: Lake, is_compacted: bool
) -> None:
    for sale in SALES[:2]:
        merge_few_sales(earlier, events(json.dumps(sale).encode()), stored_profile(earlier))
    states = listing.month_digests(earlier, DAILY_SALES), states_of(earlier)
    if is_compacted:
        maintained(earlier)
    assert (listing.month_digests(earlier, DAILY_SALES), states_of(earlier)) == states
    months = {date(2015, int(sale["date"][3:5]), 1) for sale in SALES[:2]}
    history = set(Build.of(earlier, no_spark).history)
    assert due_of(earlier, 0) == months & history
    assert due_of(earlier, 1) == months & history


@pytest.mark.slow
def test_a_record_of_before_does_not_hold_where_cells_are_computed_otherwise(
    earlier: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (code_versions, earlier_records):
        monkeypatch.setattr(module, "CELLS", {"cells": 2})
    build = Build.of(earlier, no_spark)
    assert build.stale_cells() == set(build.history)
    build.cells()
    assert build.stale_cells() == set()
