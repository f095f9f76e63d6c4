"""The evaluation of alarms, against the tables of CloudWatch's guide."""

from __future__ import annotations

import pytest

from tests.cdk.cloudwatch import decide

STATES = {"OK": "OK", "ALARM": "ALARM", "none": "INSUFFICIENT_DATA", "kept": "kept"}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


@pytest.mark.parametrize(
    ("points", "to_alarm", "expected"),
    [
        # "How alarm state is evaluated when data is missing": three periods, all to breach,
        ("0 - X - X", 3, "OK OK OK OK"),
        ("0 - - - -", 3, "OK OK OK OK"),
        ("- - - - -", 3, "none kept ALARM OK"),
        ("0 X X - X", 3, "ALARM ALARM ALARM ALARM"),
        ("- - X - -", 3, "ALARM kept ALARM OK"),
        # and two of three.
        ("0 - X - X", 2, "ALARM ALARM ALARM ALARM"),
        ("0 0 X 0 X", 2, "ALARM ALARM ALARM ALARM"),
        ("0 - X - -", 2, "OK OK ALARM OK"),
        ("- - - - 0", 2, "OK OK ALARM OK"),
        ("- - - X -", 2, "ALARM kept ALARM OK"),
    ],
)
def test_missing_data_is_treated_as_the_guide_says(
    points: str, to_alarm: int, expected: str
) -> None:
    breaching = tuple({"0": False, "X": True, "-": None}[point] for point in points.split())
    for treatment, state in zip(TREATMENTS, expected.split(), strict=True):
        assert decide(breaching, 3, to_alarm, treatment, "kept") == STATES[state], treatment
