"""Feature vectors from DynamoDB: one user or a hundred, ten features of one view or 50 of five."""

from __future__ import annotations

from benchmarks.contender import OURS, Contender
from benchmarks.data import users
from benchmarks.sizes import Size
from benchmarks.workload import Case, Workload

_GOALS = {(1, 1): 1.1, (1, 5): 1.1, (100, 1): 0.8, (100, 5): 0.6}


def cases(size: Size) -> list[Case]:
    """Return all four; the least and the most of them in a smoke run."""
    asked = [*_GOALS.items()]
    return [
        Case(
            name=f"{rows} x {10 * views}, {views} view{'s' if views > 1 else ''}",
            parameters={
                "users": 200,
                "rows": rows,
                "views": views,
                "features": 10,
                "warm_up": 3,
                "times": size.of(3, 100, 300, 300) // (1 if rows == 1 else 3),
                "shows": True,
            },
            goals={"cpu_seconds": goal},
        )
        for (rows, views), goal in (asked[::3] if size is Size.SMOKE else asked)
    ]


WORKLOAD = Workload(
    name="online",
    unit="ms",
    cases=cases,
    prepare=users.prepare,
    answers="json",
    replays=True,
    contenders=(
        Contender(name="boto3, plain attributes", program="boto3_plain"),
        Contender(name=OURS, program="skewless_online"),
        Contender(
            name="Feast",
            program="feast_online",
            peer="feast",
            setup="feast_online_setup",
            arguments=users.FEAST,
        ),
    ),
)
