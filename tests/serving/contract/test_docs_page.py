"""The page /docs works without any other host."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from asking import Client
from playwright.sync_api import Page, Route, sync_playwright
from published import PublishedLake, forecast
from server import started

from serving.docs_page.routes import FILES, SWAGGER_UI

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def test_the_page_names_no_other_host(client: Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {source.removeprefix("docs/") for source in sources} == set(FILES)
    assert "//" not in page.text.replace("<!DOCTYPE", "")
    for source in sources:
        assert client.get(f"/{source}").status_code == 200


def test_no_script_of_another_source_may_run_on_the_page(client: Client) -> None:
    for path in ("/docs", "/docs/start.js", "/docs/swagger-ui-bundle.js"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy


def test_other_files_are_not_served(client: Client) -> None:
    for path in ("/docs/routes.py", "/docs/..%2Froutes.py", "/docs/SHA256SUMS"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_files_of_swagger_ui_are_those_of_its_release() -> None:
    lines = (SWAGGER_UI / "SHA256SUMS").read_text().splitlines()
    recorded = {name: digest for digest, name in map(str.split, lines)}
    files = [path for path in SWAGGER_UI.iterdir() if path.name != "SHA256SUMS"]
    assert recorded == {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def page(published: PublishedLake, tmp_path: Path) -> Iterator[Page]:
    """A browser that reaches the server alone, at its page."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    published.publish("v1", forecast())
    with (
        started(tmp_path, "--lake", str(published.folder)) as server,
        server.client() as client,
        sync_playwright() as playwright,
    ):
        server.wait_until(lambda: client.get("/readyz").status_code == 200)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page()
        host = str(client.base_url)

        def pass_on(route: Route) -> None:
            is_own = route.request.url.startswith((host, "data:"))
            route.continue_() if is_own else route.abort()

        opened.route("**/*", pass_on)
        opened.goto(f"{host}/docs")
        yield opened
        browser.close()


@pytest.mark.slow
def test_an_operation_is_tried_on_the_page_without_breaking_its_policy(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.reload()
    operation = page.locator("#operations-forecasts-predict")
    operation.locator(".opblock-summary-control").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_placeholder("shop_id").fill("0")
    operation.get_by_placeholder("item_id").fill("5037")
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response-col_description")
    answer.get_by_text('"version"').first.wait_for()
    assert [text for text in complaints if "Content Security Policy" in text] == []
