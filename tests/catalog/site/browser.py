"""A headless Chromium that looks at catalogs, and what must never happen while it does."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

# SKEWLESS_CHROMIUM names another one. Playwright's own download is not used.
CHROMIUM = os.environ.get("SKEWLESS_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None,
    reason="the catalog's pages are not looked at: there is no Chromium (Debian: apt-get install "
    "chromium; or SKEWLESS_CHROMIUM=path)",
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watch:
    """Collects what a page says and asks for.

    Attributes:
        faults: messages of the console, errors, dialogs, and requests of another host.
    """

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda request: self._asked(request.url))

    def _failed(self, request: Request) -> None:
        # What is still on its way when the page is left is no fault.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.faults.append(f"no {request.url}")

    def _asked(self, url: str) -> None:
        if not url.startswith(self.base):
            self.faults.append(f"asked for {url}")

    def open(self, path: str) -> Page:
        """Open a page of the catalog anew, even if only its anchor differs."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.base}/{path}")
        return self.page
