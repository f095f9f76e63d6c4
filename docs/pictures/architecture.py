"""The architecture in one picture: one definition, one log, two ways to one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs.pictures.drawing import PALETTES, Drawing

if TYPE_CHECKING:
    from pathlib import Path

    from docs.pictures.drawing import Palette

_SIZE = (190, 66)
_LEFT, _MIDDLE, _RIGHT = 10, 265, 520
_TOP, _SECOND, _THIRD, _FOURTH = 12, 130, 248, 366


def draw(folder: Path) -> None:
    """Write the picture, light and dark."""
    for palette in PALETTES:
        _draw(palette).write(folder, "architecture")


def _draw(palette: Palette) -> Drawing:
    it = Drawing(
        720,
        500,
        palette,
        "Events enter by one front door, go to a log and to online items; one definition is "
        "compiled to SQL over the log and to a plan for reading the items; both give equal bits.",
    )
    accent = palette.accent
    it.box((_LEFT, _TOP), _SIZE, "Training set", "one row for each label", colour=accent)
    it.box((_RIGHT, _TOP), _SIZE, "Feature vector", "with status and as_of", colour=accent)
    it.arrow((_LEFT + 196, _TOP + 33), (_RIGHT - 6, _TOP + 33), colour=accent, is_double=True)
    it.text((360, _TOP + 24), "equal, bit for bit", colour=accent, is_bold=True)
    it.text((360, _TOP + 54), "verify compares them", size=13, colour=palette.faint)

    it.box((_LEFT, _SECOND), _SIZE, "History", "Athena or DuckDB")
    it.box((_MIDDLE, _SECOND), _SIZE, "Definition", "written once, compiled")
    it.box((_RIGHT, _SECOND), _SIZE, "Reader", "a Lambda, boto3 alone")
    it.arrow((_MIDDLE - 4, _SECOND + 33), (_LEFT + 196, _SECOND + 33))
    it.text((232, _SECOND + 25), "SQL", size=13, colour=palette.faint)
    it.arrow((_MIDDLE + 194, _SECOND + 33), (_RIGHT - 6, _SECOND + 33))
    it.text((487, _SECOND + 25), "plan", size=13, colour=palette.faint)

    it.box((_LEFT, _THIRD), _SIZE, "Event log", "Iceberg on S3, append-only")
    it.box((_RIGHT, _THIRD), _SIZE, "Online items", "DynamoDB, packed tiles")
    it.arrow((_LEFT + 196, _THIRD + 33), (_RIGHT - 6, _THIRD + 33))
    it.text((360, _THIRD + 24), "cuts: Step Functions", size=13, colour=palette.faint)
    it.text((360, _THIRD + 52), "write, then commit", size=13, colour=palette.faint)

    it.box((_MIDDLE, _FOURTH), _SIZE, "Front door", "checks and stamps events")
    it.arrow((_MIDDLE - 4, _FOURTH + 20), (_LEFT + 120, _THIRD + 72))
    it.text((164, _FOURTH + 16), "first", size=13, colour=palette.faint, anchor="end")
    it.arrow((_MIDDLE + 194, _FOURTH + 20), (_RIGHT + 70, _THIRD + 72))
    it.text((556, _FOURTH + 16), "then", size=13, colour=palette.faint, anchor="start")
    it.arrow((360, _FOURTH + 106), (360, _FOURTH + 72))
    it.text((360, _FOURTH + 124), "your events: backfill and ingest", size=14)

    for x in (_LEFT + 95, _RIGHT + 95):
        it.arrow((x, _SECOND - 4), (x, _TOP + 72))
        it.arrow((x, _THIRD - 4), (x, _SECOND + 72))
    return it
