"""The catalog that the demo wrote, as a headless Chromium shows it."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from pathlib import Path

_PAGE = "views/carrier_delays@1.html"
_SIZE = {"width": 1180, "height": 880}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def draw(folder: Path, index: Path) -> None:
    """Write the picture, light and dark; without Chromium leave those that are there.

    Args:
        folder: where to.
        index: the catalog's first page.
    """
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        print("no Chromium: the pictures of the catalog stay as they are", file=sys.stderr)  # noqa: T201
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=_SIZE, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto((index.parent / _PAGE).as_uri())
            page.screenshot(path=folder / f"catalog-{scheme}.png")
        browser.close()
