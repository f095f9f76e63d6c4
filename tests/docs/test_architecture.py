"""The map names each room, and leads nowhere that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SDK = ROOT / "sdk" / "skewless"
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def rooms(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/__init__.py"))


@pytest.mark.parametrize("room", [*rooms(SDK), *rooms(SDK / "offline")])
def test_the_map_has_every_room(room: str) -> None:
    assert f"| `{room}/` |" in PAGE or f"`{room}/`" in PAGE


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/]+/\w+\.(?:py|md|toml))`", PAGE))))
def test_each_path_of_the_map_is_there(path: str) -> None:
    assert (SDK / path).exists() or (ROOT / path).exists()
