"""Every link of a page leads somewhere: to a file of the repository, and to a heading of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.site.assemble import assemble
from docs.site.glossary import WORDS, explained

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "sdk" / "localaws" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
_LINK = re.compile(r"\]\((?P<target>[^)\s]*)\)|(?:src|srcset)=\"(?P<file>[^\"]*)\"")
_CODE = re.compile(r"^(`{3,}).*?^\1", re.DOTALL | re.MULTILINE)


def _prose(page: Path) -> str:
    return re.sub(r"(`+)[^`]+\1", "", _CODE.sub("", page.read_text(encoding="utf-8")))


def _headings(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub makes them."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", title) for title in titles)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    broken = []
    for match in _LINK.finditer(_prose(page)):
        target = match["target"] or match["file"] or ""
        if ":" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in _headings(file)):
            broken.append(target)

    assert broken == []


def test_a_page_of_the_site_links_to_what_the_site_has(tmp_path: Path) -> None:
    shown = assemble(tmp_path)

    page = (tmp_path / "benchmarks.md").read_text()
    assert "(source/benchmarks/workloads/latest.py.md)" in page
    assert Path("benchmarks/workloads/latest.py") in shown
    assert "def " in (tmp_path / "source/benchmarks/workloads/latest.py.md").read_text()


def test_the_site_lists_every_decision(tmp_path: Path) -> None:
    assemble(tmp_path)

    listed = (tmp_path / "decisions/index.md").read_text()
    decisions = sorted((ROOT / "docs/decisions").glob("0*.md"))
    assert decisions
    assert all(f"({page.name})" in listed for page in decisions)


def test_the_first_use_of_a_word_of_ours_leads_to_the_glossary() -> None:
    page = "# A cut\n\nThe `cut` [cut](x.md) is a cut. Cuts follow.\n\n```\nhop\n```\nA hop.\n"

    assert explained(page, "../glossary.md") == (
        "# A cut\n\nThe `cut` [cut](x.md) is a [cut](../glossary.md#cut). Cuts follow.\n\n"
        "```\nhop\n```\nA [hop](../glossary.md#hop).\n"
    )


def test_every_word_that_is_linked_is_in_the_glossary() -> None:
    assert set(WORDS.values()) <= _headings(ROOT / "docs/glossary.md")


def test_the_glossary_is_in_alphabetical_order() -> None:
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    words = [word.lower() for word in re.findall(r"^#### (.*)$", text, re.MULTILINE)]

    assert words == sorted(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"`([a-z_]+/[\w./-]*(?:\.py|/))`", page.read_text(encoding="utf-8"))
    places = (ROOT, ROOT / "sdk", ROOT / "sdk/skewless", ROOT / "sdk/localaws")
    ours = {item.name for place in places for item in place.iterdir() if item.is_dir()}

    missing = [
        name
        for name in named
        if (name.endswith(".py") or name.split("/")[0] in ours)
        and not any((place / name).exists() for place in places)
    ]

    assert missing == []
