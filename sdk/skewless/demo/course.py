"""The output of the demo: sections for people, or one JSON document; progress goes to stderr."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import progress
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skewless.demo.budget import Step

_WIDTH = 80
_GAP = (0, 3, 0, 0)


class Course:
    """Prints the demo's course.

    Attributes:
        seconds: how long each step took, by its title.
        allowed: how long each may take on this machine, by its title.
        pace: how many times as long as the machine of the budgets this one takes.
    """

    def __init__(self, *, as_json: bool, pace: float = 1.0) -> None:
        self.as_json = as_json
        self.pace = pace
        self.seconds: dict[str, float] = {}
        self.allowed: dict[str, float] = {}
        self._out = Console(highlight=False, emoji=False, quiet=as_json)
        self._err = Console(stderr=True, highlight=False, emoji=False)
        for console in (self._out, self._err):
            console.width = min(_WIDTH, console.width)

    def title(self, text: str, *lines: str) -> None:
        """Print what this is."""
        self._out.print()
        self._out.print(Text(text, style="bold"))
        for line in lines:
            self._out.print(Text(line, style="dim"))

    @contextmanager
    def step(self, step: Step, doing: str, total: int | None = None) -> Iterator[Bar]:
        """Show a bar while a step runs; afterwards its heading, its time and the time allowed."""
        title = step.title
        started, worked = time.perf_counter(), time.process_time()
        number = len(self.seconds) + 1
        if not self._err.is_terminal:
            self._err.print(Text(f"[{number}] {title} ..."), soft_wrap=True)
        with self._bar() as shown:
            yield Bar(shown, shown.add_task(doing, total=total))
        seconds = self.seconds[title] = time.perf_counter() - started
        allowed = self.allowed[title] = step.seconds * self.pace
        is_late = seconds > allowed
        times = f" {seconds:.1f} s of {allowed:.0f} s"
        self._rule(f"{number}  {title} ", times, "bold red" if is_late else "dim")
        if is_late:
            # Processor time distinguishes a slower step from a busy machine.
            work = time.process_time() - worked
            self.say(f"OVER what it may take; its own work was {work:.1f} s.", style="bold red")

    def heading(self, title: str) -> None:
        """Print the heading of a step that takes no time."""
        self.seconds[title] = 0.0
        self._rule(f"{len(self.seconds)}  {title} ", "")

    def say(self, text: str, style: str = "") -> None:
        """Print a paragraph."""
        self._out.print(Padding(Text(text, style=style), (0, 0, 0, 3)))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table; a column whose name begins with `>` is flush right, `*` rows are bold."""
        table = Table(box=None, pad_edge=False, padding=_GAP, header_style="dim")
        for name in columns:
            table.add_column(
                name.removeprefix(">"),
                justify="right" if name.startswith(">") else "left",
                overflow="fold",
            )
        for row in rows:
            is_total = str(row[0]).startswith("*")
            cells = [Text(str(cell).removeprefix("*")) for cell in row]
            table.add_row(*cells, style="bold" if is_total else "")
        self._out.print(Padding(table, (0, 0, 0, 3)))

    def verdict(self, text: str, *, is_good: bool) -> None:
        """Print how it ended."""
        self._out.print()
        self._out.print(Text(text, style="bold green" if is_good else "bold red"))
        self._out.print()

    def document(self, value: Mapping[str, object]) -> None:
        """Print the JSON document, if it is wanted."""
        if self.as_json:
            print(json.dumps(value, indent=2, default=str))  # noqa: T201 - the program's answer

    def _rule(self, left: str, right: str, style: str = "dim") -> None:
        line = "\u2500" if self._out.encoding.lower().startswith("utf") else "-"
        rule = line * max(self._out.width - len(left) - len(right), 1)
        self._out.print()
        self._out.print(Text.assemble((left, "bold cyan"), (rule, "dim"), (right, style)))

    def _bar(self) -> progress.Progress:
        return progress.Progress(
            progress.SpinnerColumn("line"),
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=24),
            progress.TimeElapsedColumn(),
            console=self._err,
            transient=True,
            disable=not self._err.is_terminal,
        )


class Bar:
    """A running bar."""

    def __init__(self, shown: progress.Progress, task: progress.TaskID) -> None:
        self._shown = shown
        self._task = task

    def tell(self, doing: str, total: int | None = None) -> None:
        """Show what is going on; with a total, the bar starts again."""
        if total is not None:
            self._shown.reset(self._task, total=total)
        self._shown.update(self._task, description=doing)

    def step(self) -> None:
        """Count one step of the total."""
        self._shown.advance(self._task)
