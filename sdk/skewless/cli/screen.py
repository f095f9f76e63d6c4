"""The output of a command: tables for people, or one JSON document for programs; never both.

Results go to stdout. Progress, notes and failures go to stderr, so that results can be piped.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from skewless.definitions.version import Version
from skewless.registry.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Report = Callable[[str], None]

GAP = (0, 2, 0, 0)


class Screen:
    """Prints a command's result.

    Attributes:
        is_json: whether a program reads stdout.
    """

    def __init__(self, *, is_json: bool) -> None:
        self.is_json = is_json
        self._is_answered = False

    def document(self, value: object) -> None:
        """Print the JSON document, if it is wanted; a command has one."""
        if self.is_json:
            self._is_answered = True
            typer.echo(json.dumps(plain(value), indent=2, allow_nan=False))

    def say(self, text: str = "", style: str = "") -> None:
        """Print a line for people."""
        if not self.is_json:
            self._out.print(Text(printable(text), style=style), soft_wrap=not self._out.is_terminal)

    def write(self, text: str) -> None:
        """Print a text as it is: no line of it is wrapped."""
        if not self.is_json:
            typer.echo(text, nl=False)

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        has_header: bool = True,
    ) -> None:
        """Print a table for people; a column whose name begins with `>` is flush right."""
        if self.is_json:
            return
        table = Table(box=None, pad_edge=False, padding=GAP, show_header=has_header)
        for name in columns:
            table.add_column(
                name.removeprefix(">"),
                justify="right" if name.startswith(">") else "left",
                overflow="fold",
            )
        for row in rows:
            table.add_row(*[Text(printable(str(cell))) for cell in row])
        self._out.print(table)

    def indented(self, text: str, style: str = "", by: int = 4) -> None:
        """Print a paragraph for people, all its lines indented."""
        if self.is_json:
            return
        grid = Table.grid(padding=0)
        grid.add_column(width=by)
        grid.add_column(overflow="fold")
        grid.add_row("", Text(printable(text), style=style))
        self._out.print(grid)

    def note(self, text: str) -> None:
        """Print a remark for people on stderr."""
        if not self.is_json:
            self._err.print(Text(printable(text), style="dim"))

    def fail(self, kind: str, message: str) -> None:
        """Print why the command failed, for people; and for programs if they have no answer yet."""
        if self.is_json and not self._is_answered:
            self.document({"error": {"type": kind, "message": message}})
        text = Text.assemble(("error: ", "bold red"), printable(message))
        self._err.print(text, soft_wrap=not self._err.is_terminal)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Progress]:
        """Show a bar on stderr while work goes on, where somebody watches; without total it pulses.

        Args:
            what: what is being done.
            total: how many steps there are.
        """
        from rich import progress  # noqa: PLC0415 - 30 ms that most commands need not spend

        shown = progress.Progress(
            progress.SpinnerColumn("line"),
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=20),
            progress.TimeElapsedColumn(),
            console=self._err,
            transient=True,
            disable=not self._err.is_terminal,
        )
        with shown:
            task = shown.add_task(what, total=total)
            yield Progress(
                lambda text: shown.update(task, description=text), lambda: shown.advance(task)
            )

    @cached_property
    def _out(self) -> Console:
        return Console(highlight=False, emoji=False)

    @cached_property
    def _err(self) -> Console:
        return Console(stderr=True, highlight=False, emoji=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """A running bar.

    Attributes:
        tell: shows what is going on.
        step: counts one step of the total.
    """

    tell: Report
    step: Callable[[], None]


def plain(value: object) -> Any:
    """Return the value in JSON's types: times are ISO text, decimals text, bytes base64."""
    value = value.written if isinstance(value, Version) else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return str(value)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 row` and `2,000 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shown(value: object) -> str:
    """Return a feature's value as people read it."""
    match value:
        case None:
            return "null"
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case bool():
            return str(value).lower()
        case _:
            return str(value)
