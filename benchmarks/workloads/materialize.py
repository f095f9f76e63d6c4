"""Values of users from the log into DynamoDB: what the client's processor does for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.contender import OURS, Contender
from benchmarks.data import cuts, users
from benchmarks.workload import Case, Workload

if TYPE_CHECKING:
    from benchmarks.sizes import Size


def cases(size: Size) -> list[Case]:
    """Return one case, of ten features."""
    rows = size.of(200, 2_000, 5_000, 20_000)
    parameters = {
        "users": rows,
        "views": 1,
        "features": 10,
        "stores": size.rounds + 1,
        "read": list(range(0, rows, rows // 10)),
    }
    return [Case(name=f"{rows:,} users, 10 features", parameters=parameters)]


WORKLOAD = Workload(
    name="materialize",
    unit="us",
    cases=cases,
    prepare=cuts.prepare,
    answers="json",
    each=lambda parameters: parameters["users"],
    contenders=(
        Contender(name="boto3 PutItem", program="boto3_put"),
        Contender(name=OURS, program="skewless_cut"),
        Contender(
            name="Feast",
            program="feast_cut",
            peer="feast",
            setup="feast_apply",
            arguments=users.FEAST,
        ),
    ),
)
