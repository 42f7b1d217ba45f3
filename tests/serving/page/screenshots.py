"""Takes the pictures of the documents: python tests/serving/page/screenshots.py FOLDER."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from page_server import CHROMIUM, FLAGS, listening, planner_app, visiting
from PIL import Image
from planner_lake import planner_lake
from playwright.sync_api import sync_playwright

SHOP, PAIR = "/?shop=57", "/?shop=57&item=5037"
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 780}
PICTURES = {
    "page_pair": (PAIR, WIDE, "light"),
    "page_shop": (SHOP, WIDE, "dark"),
    "page_phone": (PAIR, PHONE, "light"),
    "page_status": ("/status", WIDE, "light"),
}


def main(folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary, sync_playwright() as playwright:
        planner_lake(Path(temporary) / "lake")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with listening(planner_app(Path(temporary))) as url:
            for name, (address, size, scheme) in PICTURES.items():
                with visiting(browser, url, viewport=size, color_scheme=scheme) as page:
                    page.clock.set_fixed_time("2015-11-20T09:00:00Z")
                    page.goto(address)
                    page.locator("#view > *").first.wait_for()
                    path = folder / f"{name}.png"
                    page.screenshot(path=path, full_page=size is WIDE)
                    Image.open(path).convert("RGB").quantize(200).save(path, optimize=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
