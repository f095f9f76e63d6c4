"""The demo's parity table as a picture: what was served beside what was trained on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WIDTH = 66
_LIGHT = TerminalTheme((255, 255, 255), (31, 35, 40), [(110, 119, 129)] * 2 + [(26, 127, 55)] * 6)
_DARK = TerminalTheme((13, 17, 23), (230, 237, 243), [(141, 150, 160)] * 2 + [(63, 185, 80)] * 6)
# rich's own format asks a public server for a font; this one asks nobody.
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {terminal_width} {terminal_height}" \
width="{terminal_width}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>Values served and trained on in the demo, by view: how many are equal as bits</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>{lines}</defs>
<rect fill="{background}" width="{terminal_width}" height="{terminal_height}" rx="8"/>
<g transform="translate(16, 14)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def draw(folder: Path, document: Mapping[str, Any]) -> None:
    """Write the picture, light and dark, from the document of `skewless demo --json`."""
    for name, theme in (("light", _LIGHT), ("dark", _DARK)):
        console = Console(
            record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, highlight=False
        )
        _print(console, document)
        background = "#{:02x}{:02x}{:02x}".format(*theme.background_color)
        text = console.export_svg(
            theme=theme,
            unique_id="parity",
            code_format=_FORMAT.replace("{background}", background),
        )
        (folder / f"parity-{name}.svg").write_text(text, encoding="utf-8")


def _print(console: Console, document: Mapping[str, Any]) -> None:
    parity = document["parity"]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="red")
    for number, heading in enumerate(("view", "compared", "equal", "different")):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in parity["views"]:
        table.add_row(row["view"], *_numbers(row))
    total = {key: sum(row[key] for row in parity["views"]) for key in _COUNTS}
    table.add_row(Text("all values", style="bold"), *_numbers(total), style="bold")
    console.print(Text("$ make demo", style="red"))
    console.print(table)
    console.print()
    verdict = f"{parity['compared']:,} compared, {parity['different']} different"
    console.print(Text(f"Trained on = served, bit for bit: {verdict}.", style="bold green"))
    console.print()  # the frame's lower edge


_COUNTS = ("compared", "equal", "different")


def _numbers(row: Mapping[str, int]) -> list[str]:
    return [f"{row[key]:,}" for key in _COUNTS]
