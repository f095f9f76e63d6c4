"""A fresh process, from its start to its end: a cold start without what all have in common."""

from __future__ import annotations

from benchmarks.contender import OURS, Contender
from benchmarks.data import users
from benchmarks.sizes import Size
from benchmarks.workload import Case, Workload


def cases(size: Size) -> list[Case]:
    """Return both: a store is opened, and a store is opened and read. A smoke run reads."""
    parameters = {"users": 10, "views": 1, "features": 10}
    return [
        Case(
            name="open the store",
            parameters={**parameters, "reads": False},
            goals={"cpu_seconds": 1.1},
        ),
        Case(name="open it and read one user", parameters={**parameters, "reads": True}),
    ][size is Size.SMOKE :]


WORKLOAD = Workload(
    name="start",
    unit="ms",
    cases=cases,
    prepare=users.prepare,
    answers="json",
    replays=True,
    contenders=(
        Contender(name="boto3", program="boto3_start", is_whole=True),
        Contender(name=OURS, program="skewless_start", is_whole=True),
        Contender(
            name="Feast",
            program="feast_start",
            peer="feast",
            setup="feast_online_setup",
            arguments=users.FEAST,
            is_whole=True,
        ),
    ),
)
