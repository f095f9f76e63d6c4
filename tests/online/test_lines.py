"""What a reader remembers of its sources' lines, and when it asks again."""

from __future__ import annotations

import time

import pytest

from skewless import Every
from skewless.online.address import line_address
from skewless.online.line import Line
from skewless.online.lines import Lines
from skewless.online.pace import AWS
from tests.online.builders import TODAY, a_source, a_view

STREAMED = a_view()
OTHER = a_view(name="gates", source=a_source())
NIGHTLY = a_view(name="nightly", refresh=Every("1d"))
SEEN = Line((TODAY,), last=TODAY)


def knowing() -> Lines:
    """Return lines that learned of the source at noon."""
    lines = Lines([STREAMED], None)
    lines.learn(
        ["flights"],
        {line_address("flights"): SEEN},
        TODAY,
        time.monotonic(),
        is_supposed=False,
    )
    return lines


def test_each_source_of_stream_views_is_asked_for_once() -> None:
    lines = Lines([STREAMED, OTHER, NIGHTLY], None)
    assert lines.to_ask(TODAY, is_supposed=False) == ["flights"]
    assert Lines([NIGHTLY], None).to_ask(TODAY, is_supposed=False) == []


def test_what_was_learned_is_known_for_a_while() -> None:
    lines = knowing()
    assert lines.known(TODAY, is_supposed=False) == {"flights": SEEN}
    assert lines.known(TODAY + AWS.knowing, is_supposed=False) == {"flights": SEEN}
    assert lines.known(TODAY + AWS.knowing + 1, is_supposed=False) == {}


def test_a_line_is_asked_for_again_before_it_is_too_old() -> None:
    lines = knowing()
    assert lines.to_ask(TODAY, is_supposed=False) == []
    assert lines.to_ask(TODAY + AWS.knowing // 2 + 1, is_supposed=False) == ["flights"]


def test_a_clock_that_stepped_back_knows_nothing() -> None:
    lines = knowing()
    assert lines.known(TODAY - 1, is_supposed=False) == {}
    assert lines.to_ask(TODAY - 1, is_supposed=False) == ["flights"]


def test_a_supposed_instant_goes_by_nothing_remembered_and_leaves_nothing() -> None:
    lines = knowing()
    assert lines.known(TODAY, is_supposed=True) == {}
    assert lines.to_ask(TODAY, is_supposed=True) == ["flights"]
    fresh = Lines([STREAMED], None)
    fresh.learn(["flights"], {}, TODAY, time.monotonic(), is_supposed=True)
    assert fresh.known(TODAY, is_supposed=False) == {}


def test_a_source_without_a_line_has_no_events_yet() -> None:
    lines = Lines([STREAMED], None)
    found = lines.learn(["flights"], {}, TODAY, time.monotonic(), is_supposed=False)
    assert found == {"flights": Line()}


@pytest.mark.parametrize(
    ("line", "now", "latest"),
    [
        (Line(), 5, 5),
        (Line(last=3), 5, 5),
        (Line(last=5), 5, 6),
        (Line(last=9), 5, 10),
    ],
)
def test_a_clock_behind_the_last_stamp_goes_by_the_stamp(line: Line, now: int, latest: int) -> None:
    assert line.latest(now) == latest


@pytest.mark.parametrize(
    ("inside", "cut", "complete"), [((), 5, None), ((4,), 5, None), ((9, 5, 4), 5, 5)]
)
def test_nothing_is_missing_before_the_first_who_is_inside_since_the_cut(
    inside: tuple[int, ...], cut: int, complete: int | None
) -> None:
    assert Line(inside).complete(cut) == complete
