"""25 aggregates over five windows of one user: what is left when DynamoDB's part is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.contender import OURS, Contender
from benchmarks.data import payments
from benchmarks.workload import Case, Workload

if TYPE_CHECKING:
    from benchmarks.sizes import Size


def cases(size: Size) -> list[Case]:
    """Return one case: 2,000 payments of the user in 40 days."""
    parameters = {
        "users": 5,
        "payments": size.of(50, 2_000, 2_000, 2_000),
        "windows": 5,
        "rows": 1,
        "warm_up": 3,
        "times": size.of(3, 100, 300, 300),
        "shows": False,
    }
    name = f"25 aggregates, {parameters['payments']:,} payments a user"
    return [Case(name=name, parameters=parameters)]


WORKLOAD = Workload(
    name="fold",
    unit="ms",
    cases=cases,
    prepare=payments.prepare,
    answers="json",
    replays=True,
    contenders=(
        Contender(name="boto3, the same requests", program="boto3_same"),
        Contender(name=OURS, program="skewless_online"),
    ),
)
