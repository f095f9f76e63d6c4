"""A headless Chromium that looks at catalogs, and what must never happen while it does."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self._heard: dict[str, Callable[[Any], None]] = {
            "console": lambda message: self.faults.append(message.text),
            "pageerror": lambda error: self.faults.append(str(error)),
            "dialog": lambda dialog: self.faults.append(f"dialog {dialog.message}"),
            "requestfailed": self._failed,
            "request": self._asked,
        }
        for event, hear in self._heard.items():
            self.page.on(event, hear)  # type: ignore[call-overload]

    def close(self) -> None:
        """Hear no more: the page goes on to another catalog."""
        for event, hear in self._heard.items():
            self.page.remove_listener(event, hear)

    def _failed(self, request: Request) -> None:
        # What is still on its way when the page is left is no fault.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.faults.append(f"no {request.url}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.base, "about:")):
            self.faults.append(f"asked for {request.url}")

    def open(self, path: str) -> Page:
        """Open a page of the catalog anew, even if only its anchor differs."""
        if self.page.url.partition("#")[0] == f"{self.base}/{path.partition('#')[0]}":
            self.page.goto("about:blank")
        self.page.goto(f"{self.base}/{path}")
        return self.page
