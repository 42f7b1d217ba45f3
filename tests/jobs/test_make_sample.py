"""What a generated sample promises: its shape, its blemishes and that it never differs."""

import json
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import main
from jobs import make_sample
from synthetic.sample import FILES, Figures, write_sample
from synthetic.scale import FULL, SMALL, Scale

CATALOGUE = ("shops", "items", "item_categories")
NAMES = {"date_block_num": "block", "item_price": "price", "item_cnt_day": "units"}


class Made:
    """A sample, its sales read as strictly as a profile would."""

    def __init__(self, scale: Scale, seed: int, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.figures: Figures = write_sample(scale, seed, folder, lambda *_: None)
        text = self.read("sales_train.csv", dtype=str, keep_default_na=False)
        read = text.drop(columns="date").apply(pd.to_numeric, errors="coerce").rename(columns=NAMES)
        read["day"] = pd.to_datetime(text.date, format="%d.%m.%Y", errors="coerce")
        is_good = read.notna().all(axis=1) & (read.price > 0) & (read.units.abs() < 3_000)
        self.sales = read[is_good].astype(dict.fromkeys(["block", "shop_id", "item_id"], "int64"))
        self.bad = text[~is_good]

    def read(self, name: str, **options: object) -> pd.DataFrame:
        return pd.read_csv(self.folder / name, **options)

    def panel_rows(self) -> int:
        sold = self.sales.groupby("block")[["shop_id", "item_id"]].nunique()
        return int((sold.shop_id * sold.item_id).sum())


def digests(folder: Path) -> dict[str, str]:
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


@pytest.fixture(scope="module", params=[1, 2, 3])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(SMALL, request.param, tmp_path_factory.mktemp("samples") / "small")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(FULL, 1, tmp_path_factory.mktemp("samples") / "full")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def command(out: Path, capsys: pytest.CaptureFixture[str]) -> Callable:
    def run(*arguments: str, to: Path | str = out) -> tuple[int, dict[str, object]]:
        return main(make_sample.JOB, ["--out", str(to), *arguments]), json.loads(
            capsys.readouterr().out
        )

    return run


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path: Path):
    once, again = Made(SMALL, 7, tmp_path / "once"), Made(SMALL, 7, tmp_path / "again")
    other = digests(Made(SMALL, 8, tmp_path / "other").folder)
    assert digests(once.folder) == digests(again.folder)
    assert once.figures == again.figures
    same = {name for name, digest in digests(once.folder).items() if digest == other[name]}
    assert same == {"item_categories.csv"}


def test_the_figures_count_what_the_files_hold(made: Made):
    assert made.figures.rows == len(made.sales) + len(made.bad)
    assert made.figures.panel_rows == made.panel_rows()
    assert 25_000 <= made.figures.rows <= 40_000


def test_as_many_lines_are_malformed_and_doubled_as_promised(made: Made):
    assert len(made.bad) == SMALL.malformed == made.figures.malformed
    assert made.sales.duplicated().sum() == SMALL.duplicates == made.figures.duplicates
    assert made.sales.value_counts().max() == 2


def test_malformed_lines_break_rules_of_every_kind(made: Made):
    date, _, shop, item, price, units = (made.bad[column] for column in made.bad)
    assert date.str.fullmatch(r"\d{4}-\d\d-\d\d").any()
    assert {"31.02.2014", "n/a", "one", "5000.0"} <= {*date, *price, *units}
    assert price.str.startswith("-").any()
    assert ((shop == "") & (item != "")).any()
    assert ((item == "") & (price != "")).any()
    with (made.folder / "sales_train.csv").open() as lines:
        assert {line.count(",") for line in lines} == {2, 5}


def test_every_shop_item_and_category_stands_in_the_catalogue(made: Made):
    shops, items, categories = (made.read(f"{name}.csv") for name in CATALOGUE)
    assert (len(shops), len(items), len(categories)) == (SMALL.shops, SMALL.items, 8)
    assert made.sales.shop_id.isin(shops.shop_id).all()
    assert made.sales.item_id.isin(items.item_id).all()
    assert items.item_category_id.isin(categories.item_category_id).all()
    assert categories.item_category_name.str.fullmatch(r"[^-]+ - .+").all()


def test_months_follow_each_other_and_are_shuffled_inside(made: Made):
    block, day = made.sales.block, made.sales.day
    assert (block == day.dt.year * 12 + day.dt.month - (2013 * 12 + 9)).all()
    assert block.is_monotonic_increasing
    assert block.unique().tolist() == list(range(SMALL.months))
    assert made.sales.shop_id.diff().lt(0).mean() > 0.3
    assert day.max() == pd.Timestamp("2015-10-31")


def test_returns_are_of_one_unit_sold_before_at_that_price_in_the_shop(made: Made):
    sales = made.sales.drop_duplicates()
    returned = sales[sales.units < 0]
    assert len(returned) == made.figures.returns
    assert 0.002 < len(returned) / len(sales) < 0.004
    assert (returned.units == -1).all()
    same = ["shop_id", "item_id", "price"]
    sold = sales[sales.units > 0].groupby(same).day.min().rename("sold")
    assert returned.join(sold, on=same, how="left").eval("sold <= day").all()


def test_december_and_saturday_are_busiest(made: Made):
    months = made.sales.block.value_counts()
    assert months[3] > max(months[2], months[4])
    assert months[15] > max(months[14], months[16])
    assert made.sales.day.dt.weekday.mode().item() == 5


def test_one_price_in_a_hundred_has_more_than_two_decimals(made: Made):
    assert 0.005 < (made.sales.price.round(2) != made.sales.price).mean() < 0.015


@pytest.mark.parametrize("column", ["shop_id", "item_id"])
def test_shops_open_and_close_and_items_come_and_go(made: Made, column: str):
    sold = made.sales.groupby("block")[column].agg(set)
    first, last = sold.iloc[0], sold.iloc[-1]
    assert all([first - last, last - first, first & last])


def test_names_come_in_series_and_some_need_quotes(made: Made):
    names, shops = made.read("items.csv").item_name, made.read("shops.csv").shop_name
    series = Counter(" ".join(name.replace(",", "").split()[:2]) for name in names)
    assert names.is_unique
    assert shops.is_unique
    assert series.most_common(1)[0][1] >= 5
    assert shops.str.split().str[0].nunique() < SMALL.shops
    assert names.str.contains('"').any()
    assert names.str.contains(",").any()


def test_a_second_run_does_nothing(command: Callable, out: Path):
    def stamps() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in out.iterdir()}

    code, result = command()
    before = stamps()
    assert (code, result["unchanged"], before.keys()) == (0, False, {*FILES, "sample.json"})
    code, again = command()
    assert (code, again["unchanged"], stamps()) == (0, True, before)
    assert {**result, "unchanged": True, "seconds": again["seconds"]} == again


def test_another_sample_is_overwritten_only_by_force(command: Callable, out: Path, tmp_path: Path):
    command("--seed", "1")
    before = digests(out)
    code, result = command("--seed", "2")
    assert (code, digests(out)) == (3, before)
    assert "--force" in result["error"]
    for _ in range(2):
        assert command("--seed", "2", "--force")[1]["unchanged"] is False
    assert digests(out) == digests(Made(SMALL, 2, tmp_path / "expected").folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"scale": "small", "seed": 1}'])
@pytest.mark.parametrize("name", [*FILES, "sample.json"])
def test_a_damaged_sample_is_refused(command: Callable, out: Path, name: str, text: str):
    command()
    (out / name).write_text(text)
    assert command()[0] == 3


def test_a_run_that_dies_leaves_the_old_sample_whole(
    command: Callable, out: Path, monkeypatch: pytest.MonkeyPatch
):
    def die(scale: object, seed: object, folder: Path, tell: object) -> None:
        del scale, seed, tell
        (folder / FILES[0]).write_text("half")
        raise OSError("No space left on device")

    command()
    before = digests(out)
    with monkeypatch.context() as patch:
        patch.setattr(make_sample, "write_sample", die)
        assert command("--seed", "2", "--force")[0] == 1
    assert digests(out) == before
    assert command()[1]["unchanged"] is True
    assert {path.name for path in out.iterdir()} == {*FILES, "sample.json"}


@pytest.mark.parametrize(
    "line", ["", "--out x --scale huge", "--out x --seed -1", "--out x --seed a"]
)
def test_a_wrong_command_line_exits_with_2(line: str):
    with pytest.raises(SystemExit) as stop:
        main(make_sample.JOB, line.split())
    assert stop.value.code == 2


def test_a_place_that_is_no_local_folder_is_wrong_use(command: Callable, tmp_path: Path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below", "s3a://bucket/sample"):
        code, result = command(to=place)
        assert (code, str(place) in result["error"]) == (2, True)


@pytest.mark.slow
def test_a_full_sample_has_the_size_of_the_real_thing(full: Made):
    pair = ["shop_id", "item_id"]
    assert full.figures.rows == pytest.approx(2_940_000, rel=0.01)
    assert (len(full.bad), full.sales.duplicated().sum()) == (FULL.malformed, FULL.duplicates)
    assert 10_000_000 <= full.panel_rows() <= 11_000_000
    assert full.sales.groupby(pair).ngroups == pytest.approx(420_000, rel=0.05)
    assert full.sales.groupby([*pair, "block"]).ngroups == pytest.approx(1_600_000, rel=0.05)


@pytest.mark.slow
def test_a_full_sample_can_be_forecast_better_than_by_last_month(full: Made):
    sales = full.sales.drop_duplicates()
    pairs = (sales.shop_id * FULL.items + sales.item_id).to_numpy()
    units = np.zeros((FULL.months, FULL.shops * FULL.items), dtype=np.float32)
    np.add.at(units, (sales.block.to_numpy(), pairs), sales.units.to_numpy())
    units = units.clip(0, 20)[:, units[-6:].any(axis=0)]

    def error(forecast: np.ndarray) -> float:
        return float(np.sqrt(np.mean((forecast - units[-1]) ** 2)))

    mean, last, zero = units[-4:-1].mean(axis=0), units[-2], 0 * units[-1]
    assert error(mean) < 0.95 * min(error(last), error(zero))
