"""What a planner sees and does on the page, in Chromium."""

import re
import subprocess
import tarfile
from pathlib import Path

import httpx
import pytest
from page_server import LATE, listening, planner_app, visiting
from planner_lake import COMING, CUTOFF, planner_lake, units_in
from playwright.sync_api import Browser, Page, expect

from serving.access.key_store import KeyStore
from serving.access.scopes import Scope

pytestmark = pytest.mark.slow

PAIR, SHOP = "/?shop=57&item=5037", "/?shop=57"
PAGES = ["/", SHOP, PAIR, "/?shop=57&item=999", "/?shop=57&item=404", "/status"]
AXE = "axe-core@4.14.1"
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]


def settled(page: Page, path: str) -> Page:
    """Go to a path, and wait until its content is shown."""
    page.goto(path)
    expect(page.locator("#view > *").first).to_be_visible()
    return page


def rows_of(page: Page, place: int = 0) -> list[list[str]]:
    """Return the texts of a table's rows."""
    rows = page.locator("table").nth(place).locator("tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


def test_a_planner_finds_a_pair_by_name_with_the_keyboard_alone(page: Page) -> None:
    settled(page, "/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#shop")).to_be_focused()
    page.keyboard.type("epicerie")
    expect(page.locator("[role=option]")).to_have_text([re.compile("Épicerie du Marché")])
    page.keyboard.press("ArrowDown")
    assert page.locator("#shop").get_attribute("aria-activedescendant") == "shop-list-0"
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Épicerie du Marché")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#item")).to_be_focused()
    page.keyboard.type("lamp")
    expect(page.locator("[role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Desk lamp, green")
    assert page.url.endswith(PAIR)
    page.go_back()
    expect(page.locator("h1")).to_have_text("Épicerie du Marché")


def test_escape_closes_the_suggestions_and_keeps_the_choice(page: Page) -> None:
    settled(page, SHOP)
    page.locator("#shop").click()
    page.keyboard.type("x")
    expect(page.locator("#shop-list")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#shop-list")).to_be_hidden()
    page.keyboard.press("Tab")
    expect(page.locator("#shop")).to_have_value("Épicerie du Marché")


def test_the_table_has_the_numbers_of_the_api(page: Page, address: str) -> None:
    settled(page, PAIR)
    history = httpx.get(f"{address}/shops/57/items/5037/history").json()
    rows = rows_of(page)
    assert len(rows) == len(history["months"]) + len(history["forecasts"])
    last = history["forecasts"][-1]
    shown = [cell.split("\n")[0] for cell in rows[0]]
    assert shown[0].startswith("Jan 2016")
    assert shown[1:3] == ["–", f"{last['units']:g}"]
    assert (
        shown[4]
        == f"{last['last_year']:g}"
        == f"{units_in('57', '5037', COMING[2].replace(year=2015))}"
    )


def test_the_chart_shows_sales_range_last_year_and_past_forecasts(page: Page) -> None:
    settled(page, PAIR)
    chart = page.get_by_role("img", name="Desk lamp, green")
    expect(chart).to_be_visible()
    for series in (".line.sold", ".line.forecast", ".line.last-year", ".band"):
        assert len(chart.locator(series).get_attribute("d") or "") > 10, series
    expect(chart.locator(".dots.forecast circle")).to_have_count(3)
    expect(chart.locator(".dots.earlier path")).to_have_count(6)
    expect(chart.locator(".dots.sold circle")).to_have_count(24)
    page.get_by_label("All").check(force=True)
    expect(page.locator(".plot .dots.sold circle")).to_have_count(30)


def test_the_page_explains_rung_model_and_age_in_words(page: Page) -> None:
    settled(page, PAIR)
    expect(page.locator(".why")).to_contain_text("this item's own sales in this shop")
    expect(page.locator(".why")).to_contain_text("Run 4f1c2d9e, computed 3 Nov 2015")
    expect(page.locator("#age")).to_contain_text("Sales through October 2015")
    expect(page.locator("#stale")).to_be_hidden()
    settled(page, "/?shop=57&item=999")
    expect(page.locator(".why")).to_contain_text("as the item is new")


def test_a_banner_says_that_forecasts_are_old(browser: Browser, planner_folder: Path) -> None:
    with listening(planner_app(planner_folder, LATE)) as url, visiting(browser, url) as page:
        settled(page, PAIR)
        expect(page.get_by_role("alert")).to_contain_text("old")


def test_a_shop_shows_its_total_and_the_greatest_misses_first(page: Page) -> None:
    settled(page, SHOP)
    total = sum(units_in("57", item, CUTOFF) for item in ("5037", "17", "204", "205", "88", "9"))
    total += sum(units_in("57", item, CUTOFF) for item in ("310", "311", "7", "8"))
    expect(page.locator(".tile").first).to_contain_text(str(total))
    differences = [abs(float(row[3].replace("−", "-"))) for row in rows_of(page, 1)]
    assert differences == sorted(differences, reverse=True)
    assert differences[0] > 0
    page.get_by_role("link", name="Teapot").click()
    expect(page.locator("h1")).to_have_text("Teapot")


def test_forecasts_are_downloaded_as_files(page: Page) -> None:
    settled(page, PAIR)
    for kind in ("CSV", "Excel"):
        with page.expect_download() as download:
            page.get_by_role("link", name=kind).click()
        assert re.fullmatch(r"forecasts-57-.*\.(csv|xlsx)", download.value.suggested_filename)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scroll(browser: Browser, address: str, scheme: str) -> None:
    size = {"width": 360, "height": 740}
    with visiting(browser, address, viewport=size, color_scheme=scheme, locale="fr-FR") as page:
        for path in PAGES:
            settled(page, path)
            assert page.evaluate("document.documentElement.scrollWidth") == 360, path


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("axe")
    try:
        subprocess.run(
            ["npm", "pack", AXE, "--silent"],
            cwd=folder,
            check=True,
            timeout=60,
            capture_output=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"npm cannot fetch {AXE}: {error}")
    with tarfile.open(next(folder.glob("*.tgz"))) as package:
        script = package.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Browser, address: str, axe: str, scheme: str) -> None:
    with visiting(browser, address, color_scheme=scheme) as page:
        for path in PAGES:
            settled(page, path)
            page.evaluate(axe)
            result = page.evaluate("tags => axe.run({ runOnly: tags })", RULES)
            found = [
                (rule["id"], [n["html"] for n in rule["nodes"]]) for rule in result["violations"]
            ]
            assert not found, path
        page.goto(SHOP)
        page.locator("#shop").click()
        expect(page.locator("[role=option]").first).to_be_visible()
        page.evaluate(axe)
        assert not page.evaluate("tags => axe.run({ runOnly: tags })", RULES)["violations"]


def test_the_browser_speaks_the_language_of_its_person(browser: Browser, address: str) -> None:
    with visiting(browser, address, locale="fr-FR") as page:
        settled(page, PAIR)
        expect(page.locator(".tile").first).to_contain_text("Prévision pour novembre 2015")
        page.get_by_label("Langue").select_option("en")
        expect(page.locator(".tile").first).to_contain_text("Forecast for November 2015")
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", "en")


def test_chosen_colours_stay(page: Page) -> None:
    settled(page, "/")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.get_by_label("Colours").select_option("dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_key_opens_closed_forecasts_until_the_tab_is_closed(
    browser: Browser, planner_folder: Path
) -> None:
    app = planner_app(planner_folder, reads="keys")
    key = KeyStore(app.state.settings.state).create("planners", [Scope.READ])
    with listening(app) as url, visiting(browser, url) as page:
        page.goto(SHOP)
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.type(key)
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Épicerie du Marché")
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        assert download.value.suggested_filename.endswith(".csv")
        assert page.evaluate("sessionStorage.length") == 1


def test_what_is_unknown_and_what_fails_is_explained(page: Page) -> None:
    settled(page, "/?shop=57&item=404")
    expect(page.get_by_role("alert").last).to_contain_text("Item '404'")
    page.route("**/summary", lambda route: route.abort())
    settled(page, SHOP)
    expect(page.locator(".message")).to_contain_text("does not answer")
    page.unroute("**/summary")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("h1")).to_have_text("Épicerie du Marché")


def test_status_shows_versions_scores_and_uploads(page: Page) -> None:
    settled(page, "/status")
    assert rows_of(page, 0)[0][:4] == ["Oct 2015", "1", "31%", "42%"]
    assert rows_of(page, 1)[0][0] == "20151103T020000Z"
    expect(page.locator("#view")).to_contain_text("up to date")
    expect(page.locator("#view")).to_contain_text("Uploads")


def test_a_planner_puts_a_number_beside_the_forecast_and_withdraws_it(
    browser: Browser, tmp_path: Path
) -> None:
    planner_lake(tmp_path / "lake")
    app = planner_app(tmp_path)
    key = KeyStore(app.state.settings.state).create("Ada", [Scope.OVERRIDE])
    with listening(app) as url, visiting(browser, url) as page:
        settled(page, PAIR)
        page.get_by_role("spinbutton", name="Units").fill("14")
        page.get_by_label("Reason").select_option("promotion")
        page.get_by_label("Comment").fill("flyer of week 46")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("dialog").get_by_label("Key").fill(key)
        page.keyboard.press("Enter")
        tile = page.locator(".tile").first
        expect(tile).to_contain_text("planner: 14, promotion (Ada")
        expect(tile).to_contain_text("10.5")
        expect(page.locator(".plot .dots.planner path")).to_have_count(1)
        page.get_by_role("button", name="Withdraw").click()
        expect(page.locator(".tile").first).not_to_contain_text("planner")
