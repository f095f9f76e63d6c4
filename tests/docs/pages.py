"""The pages, and the code that stands on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "sdk" / "localaws" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
)
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n)?"
    r"^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        line: where its first line of code is on the page.
        reason: why it is not run; empty if it is.
    """

    page: Path
    line: int
    language: str
    code: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, match.start("code")) + 1,
            match["language"],
            match["code"],
            (match["reason"] or "").strip(),
        )
        for match in _BLOCK.finditer(text)
    ]
