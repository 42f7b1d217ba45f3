from collections.abc import Iterator
from pathlib import Path

import pytest
from page_server import CHROMIUM, FLAGS, listening, planner_app, visiting
from planner_lake import planner_lake
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="session")
def planner_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planner")
    planner_lake(folder / "lake")
    return folder


@pytest.fixture(scope="session")
def address(planner_folder: Path) -> Iterator[str]:
    with listening(planner_app(planner_folder)) as url:
        yield url


# Of one module: while Playwright runs, its event loop keeps tests of this process from theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with visiting(browser, address) as opened:
        yield opened
