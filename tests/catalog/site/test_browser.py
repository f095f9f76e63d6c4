"""The catalog's pages in headless Chromium: real clicks and keys, and an accessibility checker."""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal

import pytest

from skewless.catalog.site import write_site
from tests.catalog.site.browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, Watch
from tests.catalog.site.documents import EMPTY, HOSTILE, RICH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    Theme = Literal["light", "dark"]

pytestmark = NEEDS_CHROMIUM

KINDS = (
    "index.html",
    "features.html",
    "views.html",
    "services.html",
    "models.html",
    "sources.html",
    "entities.html",
    "log.html",
    "lineage.html#spending@2",
    "views/spending@1.html",
    "views/habits@1.html",
    "views/spending.html",
    "services/fraud_model@2.html",
    "models/churn.html",
    "sources/orders.html",
    "entities/user.html",
)
# How a page is looked at, and by which of axe's rules: colours are what a theme changes, and are
# what takes its time; without them only the width matters.
COLOURS = {"runOnly": ["color-contrast"]}
OTHERS = {"rules": {"color-contrast": {"enabled": False}}}
LOOKS: tuple[tuple[Theme, int, dict[str, Any]], ...] = (
    ("light", 1280, {}),
    ("dark", 768, COLOURS),
    ("dark", 360, OTHERS),
)
AXE = """async chosen => {
    const options = {resultTypes: ["violations"], preload: false, ...chosen};
    return (await axe.run(document, options)).violations.map(({id, nodes}) =>
        `${id}: ${nodes.slice(0, 3).map(node => `${node.target} ${node.failureSummary}`)}`);
}"""
IS_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - where there is a browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three catalogs."""
    folder = tmp_path_factory.mktemp("catalogs")
    for name, document in (("rich", RICH), ("empty", EMPTY), ("hostile", HOSTILE)):
        write_site(document, folder / name)
    return folder


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(5_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def rich(page: Page, folder: Path) -> Iterator[Watch]:
    """A wide, light window on the catalog with everything, from its files."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    watch = Watch(page, (folder / "rich").as_uri())
    yield watch
    watch.close()
    page.evaluate("localStorage.clear()")
    assert watch.faults == []


def _looked_at(watch: Watch, path: str, axe: str) -> list[str]:
    """Return what is wrong with a page in any theme at any width."""
    page = watch.open(path)
    page.evaluate(axe)
    wrong = []
    for theme, width, rules in LOOKS:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 800})
        found = page.evaluate(AXE, rules)
        if page.evaluate(IS_WIDE):
            found.append("it scrolls sideways")
        wrong += [f"{path}, {theme}, {width} wide: {each}" for each in found]
    return wrong


@pytest.fixture(scope="module")
def axe() -> str:
    from axe_playwright_python.base import AXE_SCRIPT  # noqa: PLC0415 - as above

    return str(AXE_SCRIPT)


@pytest.mark.parametrize("path", KINDS)
def test_a_page_is_accessible_in_both_themes_at_three_widths(
    path: str, rich: Watch, axe: str
) -> None:
    assert _looked_at(rich, path, axe) == []


def test_an_empty_store_has_pages_that_say_so(folder: Path, page: Page, axe: str) -> None:
    watch = Watch(page, (folder / "empty").as_uri())
    for path in ("index.html", "features.html", "lineage.html"):
        assert _looked_at(watch, path, axe) == []
        assert "yet" in page.inner_text("main")
    watch.close()
    assert watch.faults == []


def test_hostile_texts_neither_run_nor_break_a_page(folder: Path, page: Page) -> None:
    watch = Watch(page, (folder / "hostile").as_uri())
    page.set_viewport_size({"width": 360, "height": 800})
    paths = sorted((folder / "hostile").rglob("*.html"))
    for path in paths:
        watch.open(path.relative_to(folder / "hostile").as_posix())
        assert page.evaluate("typeof window.pwned") == "undefined", path
        assert not page.evaluate(IS_WIDE), path
        assert page.locator("main h1").count() == 1
    watch.open("index.html")
    page.fill("#to-find", "spending")
    page.wait_for_selector("#to-found a")
    watch.open("lineage.html")
    page.click(".node >> nth=0")
    assert page.evaluate("typeof window.pwned") == "undefined"
    watch.close()
    assert watch.faults == []


@pytest.mark.parametrize(
    "path",
    [
        "features.html#owner=<img src=x onerror=alert(1)>&tag=%22%3E%3Cscript%3Ealert(1)%3C/script",
        "lineage.html#%E0%A4%A",
        "lineage.html#<img src=x onerror=alert(1)>",
    ],
)
def test_a_hostile_address_runs_nothing(path: str, rich: Watch) -> None:
    page = rich.open(path)
    assert page.locator("main img, main script").count() == 0


def test_pages_work_from_a_server_too(folder: Path, page: Page) -> None:
    handler = functools.partial(_Quiet, directory=str(folder / "rich"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        watch = Watch(page, f"http://127.0.0.1:{server.server_port}")
        watch.open("index.html")
        page.fill("#to-find", "mean")
        page.wait_for_selector("#to-found a")
        watch.open("lineage.html")
        page.click(".node >> nth=0")
        page.goto("about:blank")
        watch.close()
        assert watch.faults == []
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_search_finds_while_one_types_and_enter_opens_the_best(rich: Watch) -> None:
    page = rich.open("sources/orders.html")
    page.keyboard.press("/")
    page.keyboard.type("mean 30")
    page.wait_for_selector("#to-found a")
    assert page.locator("#to-found a").first.inner_text().split()[:2] == ["feature", "mean_30d"]
    page.keyboard.press("ArrowDown")
    chosen = page.get_attribute("#to-found [aria-selected=true]", "href")
    page.keyboard.press("Enter")
    page.wait_for_url("**/views/spending@*.html#mean_30d")
    assert chosen is not None
    assert page.url.endswith(chosen.removeprefix("../"))


def test_search_forgives_a_slip_and_escape_closes_it(rich: Watch) -> None:
    page = rich.open("index.html")
    page.fill("#to-find", "spnding")
    page.wait_for_selector("#to-found a:has-text('spending@2')")
    page.keyboard.press("Escape")
    assert not page.is_visible("#to-found")
    page.fill("#to-find", "zzzz")
    page.wait_for_selector("#to-found :text('Nothing has these words')")


def test_a_list_is_filtered_and_its_address_can_be_sent(rich: Watch) -> None:
    page = rich.open("features.html")
    page.select_option("[name=owner]", "risk")
    assert page.locator("tr[data-row]:visible").count() == 1
    address = page.url
    assert address.endswith("#owner=risk")
    page.goto("about:blank")
    page.goto(address)
    assert page.locator("tr[data-row]:visible").count() == 1
    assert page.inner_text(".count") == "1 of 7"
    page.click(".filters button")
    assert page.locator("tr[data-row]:visible").count() == 7


def test_a_tag_of_a_page_leads_to_what_has_it(rich: Watch) -> None:
    page = rich.open("views/spending@2.html")
    page.click("text=tier=1")
    page.wait_for_url("**/views.html#tag=tier*")
    assert page.locator("tr[data-row]:visible").count() == 2


def test_a_snippet_is_copied(rich: Watch) -> None:
    page = rich.open("views/spending@2.html")
    page.click("button.copy >> nth=0")
    page.wait_for_selector("text=Copied")
    page.keyboard.press("/")
    page.keyboard.press("Control+V")
    assert page.input_value("#to-find").startswith('store = FeatureStore.connect("prod")')


def test_the_graph_is_walked_by_clicks(rich: Watch) -> None:
    page = rich.open("lineage.html")
    page.click(".node[data-id='spending@2']")
    assert "#spending%402" in page.url
    page.click(".sides a:has-text('mean_30d')")
    page.wait_for_selector(".node[data-id='orders:amount']")
    page.click(".node[data-id='fraud_model@2']")
    page.wait_for_selector(".node[data-id='model fraud']")
    page.click(".sides a:has-text('Open its page')")
    page.wait_for_url("**/services/fraud_model@2.html")


def test_the_graph_is_walked_by_keys(rich: Watch) -> None:
    page = rich.open("lineage.html#spending@2:mean_30d")
    page.focus(".node[aria-current=true]")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.id").startswith("orders:")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.ariaCurrent === 'true'")
    assert page.evaluate("document.activeElement.dataset.id").startswith("orders:")
    page.keyboard.press("Escape")
    page.wait_for_selector(".node[data-id='spending@2:mean_30d'][aria-current=true]")


def test_the_theme_that_was_chosen_stays(rich: Watch) -> None:
    page = rich.open("index.html")
    page.click(".theme")
    page.click(".theme")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    rich.open("log.html")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    assert dark != "rgb(255, 255, 255)"


def test_the_first_tab_skips_to_the_content(rich: Watch) -> None:
    page = rich.open("views/spending@2.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "to-main"
