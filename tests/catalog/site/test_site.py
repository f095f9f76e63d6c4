"""The files of a catalog's site, read without a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from examples.flights import definitions as flights
from skewless import Entity, FeatureService, FeatureView, OnDemandView, Source
from skewless.catalog.document import Bin, EntityPage, Words
from skewless.catalog.pages import Facts
from skewless.catalog.site import charts, texts, write_site
from skewless.catalog.site.addresses import anchor, file_name
from skewless.errors import InputError
from skewless.registry.published import Published
from tests.catalog.site.documents import EMPTY, HOSTILE, RICH

if TYPE_CHECKING:
    from pathlib import Path

    from skewless.catalog.document import Catalog


class _Page(HTMLParser):
    """What a page links to, what can be linked to in it, and what a policy would refuse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.refused: list[str] = []
        self._is_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value for key in ("href", "src") if (value := given.get(key))]
        self.anchors += [given["id"] or ""] if "id" in given else []
        self.refused += [f"{tag} {key}" for key in given if key == "style" or key.startswith("on")]
        self.refused += [tag] if tag in {"style", "iframe", "object", "embed", "base"} else []
        self._is_script = tag == "script"

    def handle_data(self, data: str) -> None:
        if self._is_script and data.strip():
            self.refused.append(f"script {data[:40]}")

    def handle_endtag(self, tag: str) -> None:
        self._is_script = self._is_script and tag != "script"


@pytest.fixture(scope="module", params=["empty", "rich", "hostile"])
def pages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[Path, _Page]]:
    document = {"empty": EMPTY, "rich": RICH, "hostile": HOSTILE}[request.param]
    folder = tmp_path_factory.mktemp("site")
    write_site(document, folder)
    return folder, {path: _Page(path.read_text()) for path in folder.rglob("*.html")}


def test_each_link_leads_to_a_file_and_an_anchor_of_the_site(
    pages: tuple[Path, dict[Path, _Page]],
) -> None:
    folder, read = pages
    for path, page in read.items():
        for link in page.links:
            name, _, place = link.partition("#")
            target = (path.parent / unquote(name.partition("?")[0])).resolve() if name else path
            assert target.is_relative_to(folder), link
            assert target.is_file(), link
            # The lists and the graph read their anchors by a script.
            if place and target.parent != folder:
                assert place in read[target].anchors, link


def test_no_page_holds_a_script_a_style_or_a_handler(
    pages: tuple[Path, dict[Path, _Page]],
) -> None:
    for path, page in pages[1].items():
        assert page.refused == [], path
        assert len(page.anchors) == len(set(page.anchors)), path


def test_the_flights_catalog_is_less_than_300_kb_before_data(tmp_path: Path) -> None:
    kinds = (Entity, Source, FeatureView, OnDemandView, FeatureService)
    published = Published.of(each for each in vars(flights).values() if isinstance(each, kinds))
    facts = Facts(
        store="prod", region="eu-west-1", made_at="2026-05-02", release="1", published=published
    )
    write_site(facts.catalog(), tmp_path)
    files = [path for path in tmp_path.rglob("*.*") if path.parent.name != "data"]
    assert len([path for path in files if path.parent.name == "views"]) == 7
    assert sum(path.stat().st_size for path in files) < 300_000


@pytest.mark.parametrize("document", [EMPTY, RICH, HOSTILE])
def test_what_scripts_read_is_ascii_without_a_tag(document: Catalog, tmp_path: Path) -> None:
    write_site(document, tmp_path)
    for name in ("search", "graph"):
        text = (tmp_path / "data" / f"{name}.js").read_text("ascii")
        assert "<" not in text
        json.loads(text.partition(" = ")[2].removesuffix(";\n"))


def test_what_the_catalog_has_no_more_goes_and_what_is_not_its_own_stays(tmp_path: Path) -> None:
    write_site(RICH, tmp_path)
    (tmp_path / "CNAME").write_text("ours")
    first = write_site(EMPTY, tmp_path)
    assert first == tmp_path / "index.html"
    assert not (tmp_path / "views" / "spending@1.html").exists()
    assert (tmp_path / "CNAME").read_text() == "ours"


def test_a_list_of_files_that_leads_outside_removes_nothing_there(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write_site(EMPTY, folder)
    outside = tmp_path / "theirs.html"
    outside.write_text("theirs")
    (folder / "catalog-files.json").write_text(json.dumps(["../theirs.html", str(outside), 7]))
    write_site(EMPTY, folder)
    assert outside.read_text() == "theirs"


@pytest.mark.parametrize("name", ["README", "catalog-files.json"])
def test_a_folder_of_something_else_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("ours")
    with pytest.raises(InputError, match="no catalog's; name another folder"):
        write_site(EMPTY, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site"
    path.write_text("ours")
    with pytest.raises(InputError, match="is a file"):
        write_site(EMPTY, path)


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "Upper", "ü", "..", ".x", "a" * 300, "", "a b", "con"]
)
def test_an_odd_name_becomes_the_name_of_a_file_that_all_systems_take(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", file_name(name))
    assert file_name(name) != file_name(f"{name}x")


def test_names_that_differ_by_case_alone_have_files_of_their_own(tmp_path: Path) -> None:
    entities = tuple(
        EntityPage(name=name, words=Words(tags={}), keys=(), views=()) for name in ("user", "User")
    )
    write_site(replace(EMPTY, entities=entities), tmp_path)
    names = {path.name.lower() for path in (tmp_path / "entities").iterdir()}
    assert len(names) == 2


def test_an_anchor_is_the_name_itself() -> None:
    assert anchor("mean_30d") == "mean_30d"
    assert anchor("to-main") != "to-main"


def test_a_bar_is_as_high_as_its_values_are_dense() -> None:
    bins = [Bin(low=0, high=1, count=10), Bin(low=1, high=3, count=10)]
    assert charts.histogram(bins, 30, 20) == "M0 20h8.8v-20h-8.8zM10 20h17.6v-10h-17.6z"


def test_a_bar_of_no_width_is_drawn_as_narrow_as_can_be_seen() -> None:
    bins = [Bin(low=0, high=5e-324, count=1), Bin(low=5e-324, high=1e308, count=99)]
    path = charts.histogram(bins, 100, 20)
    assert path.startswith("M0 20h0.4v-20h-0.4z")
    assert "nan" not in path


@pytest.mark.parametrize(
    ("low", "high"), [(float("nan"), 1.0), (0.0, float("inf")), (-1e308, 1e308), (5.0, 5.0)]
)
def test_bins_that_cannot_be_drawn_to_scale_break_no_page(low: float, high: float) -> None:
    path = charts.histogram([Bin(low=low, high=high, count=3)], 30, 20)
    assert re.fullmatch(r"[M0-9 .hvz-]*", path)


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 9, "0 %"),
        (1, 5000, "<0.1 %"),
        (1, 40, "2.5 %"),
        (1, 2, "50 %"),
        (999, 1000, ">99 %"),
        (9, 9, "100 %"),
        (0, 0, "none"),
    ],
)
def test_a_share_tells_neither_little_as_nothing_nor_most_as_all(
    part: int, whole: int, said: str
) -> None:
    assert texts.share(part, whole) == said


@pytest.mark.parametrize("text", ["never", "", "0001-01-01T00:00:00+23:59", "9" * 300])
def test_what_is_no_instant_is_told_as_it_is_and_shortly(text: str) -> None:
    assert text.startswith(texts.instant(text).removesuffix("\u2026"))
    assert texts.between(text, "2026-01-01") == ""


def test_a_feature_leads_to_the_models_that_stand_on_it(tmp_path: Path) -> None:
    write_site(RICH, tmp_path)
    old, new = (tmp_path / "views" / f"spending@{n}.html" for n in (1, 2))
    assert "../models/churn.html" in _Page(new.read_text()).links
    assert "../models/churn.html" not in _Page(old.read_text()).links


def test_a_view_and_a_service_of_one_name_lead_to_their_own_kind(tmp_path: Path) -> None:
    services = tuple(
        replace(
            each,
            id=each.id.replace("fraud_model", "spending"),
            name="spending",
            other_majors=tuple(f"spending@{n}" for n in (1, 2)),
        )
        for each in RICH.services
    )
    write_site(replace(RICH, services=services), tmp_path)
    for folder in ("views", "services"):
        page = _Page((tmp_path / folder / "spending@2.html").read_text())
        assert f"../{folder}/spending@1.html" in page.links


def test_signs_that_deceive_are_written_out_in_code_and_names() -> None:
    assert texts.exact("a\u202eb\u200bc") == "a<U+202E>b<U+200B>c"


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("x: 1 became 2", ("x", "1", "2")),
        ("feature 'x': a became b", ("feature 'x'", "a", "b")),
        ("feature 'x' is new", None),
    ],
)
def test_a_sentence_of_a_change_is_taken_apart(
    sentence: str, parts: tuple[str, str, str] | None
) -> None:
    assert texts.became(sentence) == parts
