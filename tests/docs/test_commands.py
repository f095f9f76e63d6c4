"""The commands on the pages are commands: the program's own parser takes each of them."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
import typer

from skewless.cli.app import app
from tests.docs.pages import PAGES, ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PROGRAM: Any = typer.main.get_command(app)
_SPAN = re.compile(r"(?<!`)`(skewless [^`]+)`(?!`)")
_PLACEHOLDERS = {"INSTANT": "2026-05-10T00:00:00Z", "LABELS": "labels.parquet"}
_PATTERN = re.compile(r"[\[…]|\.\.\.| or |^skewless [^a-z-]")


def _commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Return each command, and whether it is one to run: prose may name one by its first words."""
    for block in blocks(page):
        if block.language in ("", "sh", "console"):
            text = block.code.replace("\\\n", " ")
            for line in text.splitlines():
                yield from ((command, True) for command in _parts(line))
    for command in _SPAN.findall(page.read_text(encoding="utf-8")):
        if not _PATTERN.search(command):
            yield from ((part, False) for part in _parts(command))


def _parts(line: str) -> Iterator[str]:
    for part in re.split(r"&&|\|\||[;|&]| > ", line):
        command = re.sub(r"^\s*(\$|do) ", "", part).strip()
        if command.startswith("skewless "):
            yield command


def parse(command: str) -> None:
    """Let the program take the words apart, as far as before it would run."""
    words = [_PLACEHOLDERS.get(word, word) for word in shlex.split(command, comments=True)[1:]]
    with _PROGRAM.make_context("skewless", words) as context:
        rest = [*context._protected_args, *context.args]
        if rest:
            name, found, rest = _PROGRAM.resolve_command(context, rest)
            found.make_context(name, rest, parent=context).close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_program_takes_the_commands_of_a_page(page: Path) -> None:
    for command, is_to_run in _commands(page):
        try:
            parse(command)
        except typer.BadParameter as error:
            if is_to_run or type(error).__name__ != "MissingParameter":
                raise AssertionError(command) from error


def test_a_command_that_is_none_is_found() -> None:
    with pytest.raises(Exception, match="No such"):
        parse("skewless materialise spending")
    with pytest.raises(Exception, match="No such option"):
        parse("skewless verify -f spending --rows-from x")


def test_the_pages_have_commands() -> None:
    assert sum(1 for page in PAGES for _ in _commands(page)) > 50
