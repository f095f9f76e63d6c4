"""A step of the demo that takes longer than it may is seen. What it takes is no test's to judge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from skewless.demo import budget, verdict
from skewless.demo.budget import Step
from skewless.demo.course import Course

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

GOOD: Mapping[str, Any] = {
    "data": {"flights": 3},
    "history": [{"rows": 3, "refused": 0}],
    "days": [],
    "training_set": {"engines": {"is_same": True}},
    "parity": {"compared": 9, "different": 0, "moved": 0, "statuses": {"stale": 0}},
}
SLOW, QUICK = Step("Slow", 0.0), Step("Quick", 1000.0)


def screen_after(*steps: Step, pace: float = 1.0) -> Course:
    screen = Course(as_json=False, pace=pace)
    for step in steps:
        with screen.step(step, "working"):
            pass
    return screen


def test_all_steps_together_may_take_less_than_four_minutes() -> None:
    assert sum(step.seconds for step in budget.STEPS) < 4 * 60
    assert len({step.title for step in budget.STEPS}) == len(budget.STEPS)


def test_a_step_that_took_too_long_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    screen_after(SLOW)
    printed = capsys.readouterr().out
    assert "s of 0 s" in printed
    assert "OVER what it may take" in printed


def test_a_step_in_time_shows_both_times_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    screen_after(QUICK)
    printed = capsys.readouterr().out
    assert "s of 1000 s" in printed
    assert "OVER" not in printed


def test_the_end_names_the_steps_that_took_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    screen = screen_after(SLOW, QUICK)
    document = verdict.closing(screen, dict(GOOD))
    printed = capsys.readouterr().out
    assert document["late"] == ["Slow"]
    assert document["is_equal"]
    assert "Slower than it may be: Slow." in printed
    assert "0 s of 1000 s" in printed
    assert json.dumps(document)


def test_a_slower_machine_may_take_longer(capsys: pytest.CaptureFixture[str]) -> None:
    assert screen_after(QUICK, pace=2.0).allowed == {"Quick": 2000.0}
    assert "s of 2000 s" in capsys.readouterr().out
    assert budget.pace() >= 1.0
