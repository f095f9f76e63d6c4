"""A small SVG writer: boxes, arrows, lines and text, in one palette for light and one for dark.

GitHub shows an SVG file as an image, where neither scripts nor outer styles reach. So each picture
is two files, and the page chooses by `prefers-color-scheme`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Point = tuple[float, float]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours for one background."""

    name: str
    ink: str
    faint: str
    fill: str
    accent: str
    other: str


LIGHT = Palette("light", "#1f2328", "#6e7781", "#f6f8fa", "#0969da", "#bc4c00")
DARK = Palette("dark", "#e6edf3", "#8d96a0", "#161b22", "#58a6ff", "#f0883e")
PALETTES = (LIGHT, DARK)


@dataclass(slots=True)
class Drawing:
    """One picture in one palette. Coordinates are pixels, y grows downwards.

    Attributes:
        title: what the picture shows, for those who cannot see it.
    """

    width: int
    height: int
    palette: Palette
    title: str
    _parts: list[str] = field(default_factory=list)

    def text(
        self,
        at: Point,
        text: str,
        *,
        size: float = 15,
        colour: str | None = None,
        anchor: str = "middle",
        is_bold: bool = False,
    ) -> None:
        """Write one line of text."""
        weight = ' font-weight="600"' if is_bold else ""
        self._parts.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{colour or self.palette.ink}"{weight}>{escape(text)}</text>'
        )

    def box(self, corner: Point, size: Point, title: str, *lines: str, colour: str = "") -> None:
        """Draw a box with a bold title and smaller lines below it."""
        (x, y), (width, height) = corner, size
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" '
            f'fill="{self.palette.fill}" stroke="{colour or self.palette.faint}" '
            f'stroke-width="1.5"/>'
        )
        top = y + height / 2 - 9 * len(lines) + 5
        self.text((x + width / 2, top), title, is_bold=True)
        for number, line in enumerate(lines, 1):
            self.text((x + width / 2, top + 18 * number), line, size=13, colour=self.palette.faint)

    def arrow(self, start: Point, end: Point, *, colour: str = "", is_double: bool = False) -> None:
        """Draw a straight arrow."""
        stroke = colour or self.palette.faint
        back = f' marker-start="url(#{self._marker(stroke)})"' if is_double else ""
        self._parts.append(
            f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" stroke="{stroke}" '
            f'stroke-width="1.8" marker-end="url(#{self._marker(stroke)})"{back}/>'
        )

    def line(self, points: Sequence[Point], *, colour: str, width: float = 1.6) -> None:
        """Draw a line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
            f'stroke-linejoin="round"/>'
        )

    def write(self, folder: Path, name: str) -> None:
        """Write `<name>-<palette>.svg`."""
        markers = "".join(
            f'<marker id="{self._marker(colour)}" viewBox="0 0 10 10" refX="9" refY="5" '
            f'markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
            f'<path d="M0 0 10 5 0 10z" fill="{colour}"/></marker>'
            for colour in (self.palette.faint, self.palette.accent)
        )
        body = "\n".join(self._parts)
        (folder / f"{name}-{self.palette.name}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" role="img" font-family="{FONT}">\n'
            f"<title>{escape(self.title)}</title>\n<defs>{markers}</defs>\n{body}\n</svg>\n",
            encoding="utf-8",
        )

    @staticmethod
    def _marker(colour: str) -> str:
        return f"head-{colour.lstrip('#')}"
