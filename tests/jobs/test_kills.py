"""Every write of every step is cut off once: what comes of it is as undisturbed."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest
from builders import (
    cancel,
    data_folder,
    events,
    profile,
    record,
    sale_line,
    sales_text,
)
from injection import Killed, hooked, kill
from input_files import FILES, profile_of_inputs, write
from job_runs import NOW, run
from kills import CASES, OF_EVERY_TABLE, REPORT, missing
from lake_contents import content
from learning_lakes import learning_lake
from small_lakes import random_sales, small_lake

from cli.command import Job
from ingestion.sales.intake import merge_few_sales
from jobs import (
    backtest,
    build_features,
    build_panel,
    check_skew,
    close_month,
    forecast,
    ingest_history,
    maintain,
    promote,
    score_forecasts,
    train,
)
from lakehouse.delta import creation, log
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.storage import local_path
from lakehouse.tables.bronze import SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES
from streaming.queries.checkpoint import Checkpoint

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("spark"),
    # MLflow's own imports and its client of SQLAlchemy warn; nothing of ours does.
    pytest.mark.filterwarnings("default"),
]
EARLIER, LATER, LATEST = (f"2016-0{month}-01T00:00:00Z" for month in (1, 2, 3))


Step = Callable[[Lake], object]


def step(job: Job, *arguments: object) -> Step:
    """A step that is taken to its end, each time a second later."""
    times = (NOW + timedelta(seconds=second) for second in count())

    def take(lake: Lake) -> None:
        code, figures = run(job, "--lake", lake.root, *arguments, now=next(times))
        assert code == 0, (job.name, figures)

    return take


def cut_off_everywhere(take: Callable[[], object], killed: list[str], but: tuple[str, ...]) -> None:
    """Begin again and again, killed at the first write that was not cut off before.

    Args:
        take: what is begun.
        killed: where it was killed, to which the points are added.
        but: ends of the points where it is not.
    """

    def hook(reached: str) -> None:
        # A report is named by the time of its run.
        point = REPORT.sub("reports/…", reached)
        if point.startswith("before ") and not point.endswith(but) and point not in killed:
            killed.append(point)
            kill()

    while True:
        try:
            with hooked(hook):
                take()
        except Killed:
            continue
        return


def files(folder: Path) -> Lake:
    """A place for a lake, beside a folder of files; some lines are rejected or no sales."""
    lines = [sale_line(date=f"0{day}.04.2015", item_id=item) for day in (1, 2) for item in (10, 11)]
    others = [sale_line(), sale_line(item_id=""), sale_line(item_cnt_day="0")]
    data_folder(folder / "data", sales_a=sales_text(*lines), sales_b=sales_text(*others))
    write(folder / "data", **FILES)
    (folder / "mine.toml").write_text(profile_of_inputs())
    return Lake.at(str(folder / "lake"))


def steps_of_files(folder: Path) -> list[Step]:
    return [
        step(ingest_history.JOB, "--data", folder / "data", "--profile", folder / "mine.toml"),
        step(close_month.JOB, "--through", "2015-04"),
        step(build_features.JOB),
        step(build_panel.JOB),
        step(check_skew.JOB),
    ]


def place(folder: Path) -> Lake:
    return Lake.at(str(folder / "lake"))


def steps_of_records(_: Path) -> list[Step]:
    """Records as the stream takes them in, in this process; a day is delivered again."""
    day = {"op": "replace", "shop_id": "1", "date": "2015-03-07", "updated_at": LATER}
    line = {"sale_id": "b", "item_id": "10", "units": "1"}
    received = events(
        record(sale_id="a", updated_at=EARLIER),
        record(sale_id="none", units="0", updated_at=EARLIER),
        record(sale_id="bad", units="x"),
        json.dumps({**day, "lines": [line]}).encode(),
        cancel("b", LATEST),
    )

    def take(lake: Lake) -> None:
        claim_lake(lake, profile())
        for table in (SALES_EVENTS, DAILY_SALES, DAILY_OFFERS):
            creation.create_table(lake, table)
        Checkpoint.at(lake, None).claim(lake, {"sales": "1"})
        append_rows_once(lake, received)
        merge_few_sales(lake, received, profile())

    return [take]


def append_rows_once(lake: Lake, received: pa.Table) -> None:
    batch = log.Named("batch")
    if not log.has_transaction(lake, SALES_EVENTS, batch):
        append_rows(lake, SALES_EVENTS, received, batch)


def learning(folder: Path) -> Lake:
    return learning_lake(folder / "lake")


def steps_of_models(_: Path) -> list[Step]:
    return [
        step(backtest.JOB, "--folds", 1, "--workers", 1),
        step(train.JOB, "--workers", 1),
        step(promote.JOB, "--force", "--reason", "because"),
        step(forecast.JOB),
        step(close_month.JOB, "--month", "2015-07", "--even-if-incomplete"),
        step(score_forecasts.JOB),
    ]


def altered(folder: Path) -> Lake:
    """A lake with many files in a table, and with a table of a group that is no more."""
    lake = small_lake(folder / "lake", random_sales(3, 90))
    for number in range(3):
        merge_few_sales(
            lake, events(record(units=str(number)), source=str(number)), stored_profile(lake)
        )
    cells = local_path(f"{lake.root}/silver/monthly_shop")
    shutil.copytree(cells, cells.with_name("monthly_gone"))
    return lake


def steps_of_upkeep(_: Path) -> list[Step]:
    return [step(maintain.JOB, "--files", 1, "--retain-hours", 0)]


SCENARIOS: dict[str, tuple[Callable[[Path], Lake], Callable[[Path], list[Step]]]] = {
    "files": (files, steps_of_files),
    "records": (place, steps_of_records),
    "models": (learning, steps_of_models),
    "upkeep": (altered, steps_of_upkeep),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_steps_cut_off_at_every_write_end_as_undisturbed(name: str, tmp_path: Path) -> None:
    make, steps = SCENARIOS[name]
    whole, cut_off = (make(made(tmp_path / kind)) for kind in ("whole", "cut off"))
    for take in steps(tmp_path / "whole"):
        take(whole)
    killed: list[str] = []
    # To learn once more takes seconds, and how tables are made is seen by the other scenarios.
    but = OF_EVERY_TABLE if name == "models" else ("never",)
    for take in steps(tmp_path / "cut off"):
        cut_off_everywhere(partial(take, cut_off), killed, but)
    assert content(cut_off) == content(whole)
    assert missing(killed, CASES[name]) == []


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder
