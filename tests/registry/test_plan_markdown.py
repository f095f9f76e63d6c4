from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from skewless import agg, col
from skewless.registry.plan_markdown import MOST_CHARACTERS, code, prose
from skewless.registry.printable import printable
from tests.registry.builders import a_service, a_source, a_view, plan_of

if TYPE_CHECKING:
    from skewless.registry.plan import Plan

HOSTILE = (
    "| a | b |\n\n# big\n</code></details><script>alert(1)</script> `` ` `` **bold** "
    "[x](http://e.x) @org/team #12 :tada: www.evil.example http://evil.example "
    "![i](http://e.x/i.png) \\| <!-- "
)


class Page(HTMLParser):
    """What a reader sees: texts, and the tags around them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(text: str) -> Page:
    page = Page()
    page.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    return page


def markdown(plan: Plan) -> str:
    return plan.to_markdown("prod")


def a_hostile_plan(text: str) -> Plan:
    view = a_view(
        version=2,
        features={"x": agg.count(window="1h", where=col("carrier") == text)},
    )
    return plan_of(a_service(a_view()), [view, a_view(description=text, owner=text)])


def test_a_plan_in_markdown_has_a_headline_tables_and_folded_details() -> None:
    grown = a_view(version=2, features={"mean_1d": agg.mean("delay", window="2d")})
    text = markdown(plan_of(a_service(a_view()), grown))
    page = rendered(text)
    assert text.startswith(
        "<!-- skewless plan prod -->\n### Plan for <code>prod</code>: 1 to create"
    )
    assert page.tags.count("table") == 2
    assert page.tags.count("details") == 2
    assert "agg.mean('delay', window='2d')" in page.text
    assert "1 changed; 1 removed since 1" in page.text
    assert "Warnings (2)" in page.text


def test_a_refused_plan_says_so_first_with_the_versions_to_write() -> None:
    plan = plan_of(a_view(), a_view(features={"mean_1d": agg.mean("delay", window="2d")}))
    page = rendered(markdown(plan))
    assert "Plan for prod: refused" in page.text
    assert [cell.strip() for cell in markdown(plan).splitlines()[7].split("|")][1:5] == [
        "**refuse**",
        "view",
        "<code>delays&#64;1</code>",
        "2",
    ]
    source = plan_of(a_source(), a_source(event_id="carrier"))
    assert "publish it under another name" in rendered(markdown(source)).text


def test_a_plan_without_changes_is_one_line() -> None:
    plan = plan_of(a_view(), a_view())
    assert rendered(markdown(plan)).text.strip() == "Plan for prod: nothing to do"


def test_no_text_of_a_file_leaves_its_cell_or_becomes_anything_but_text() -> None:
    hostile, tame = a_hostile_plan(HOSTILE), a_hostile_plan("tame")
    found, expected = rendered(markdown(hostile)), rendered(markdown(tame))
    assert found.tags == expected.tags
    assert "<script>alert(1)</script>" in found.text
    source = markdown(hostile)
    assert not re.search(r"(?<!&)#\w|@\w|:\w+:|www\.|http:|`|\[", source.partition("\n### ")[2])


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_every_text_comes_out_as_it_was_but_for_white_space_and_controls(text: str) -> None:
    for written in (prose(f"a {text} b"), code(f"a {text} b")):
        page = rendered(f"| x |\n| --- |\n| {written} |\n")
        assert set(page.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
        assert page.tags.count("td") == 1
        assert " ".join(printable(text).split()) in page.text
        assert "\n" not in written


@pytest.mark.parametrize("number", [1, 300])
def test_a_comment_is_never_longer_than_github_takes(number: int) -> None:
    many = {f"f{each}": agg.count(window="1h") for each in range(250)}
    others = [a_view(name=f"v{each}", description="d") for each in range(number)]
    plan = plan_of(a_view(), [*others, a_view(version=2, features=many)])
    text = markdown(plan)
    assert len(text) <= MOST_CHARACTERS + 200
    assert ("The rest is too long" in text) == (number > 1)
    assert rendered(text).tags.count("details") <= 3
