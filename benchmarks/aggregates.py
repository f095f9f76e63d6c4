"""What each aggregate costs to serve: `python -m benchmarks.aggregates` writes the page's table.

One entity has so many events in 30 days, and a view with one feature over them, which has the
default hop of a day. Its state is folded, in this process and without any request, until the
median is known. Times are processor time, of this thread.
"""

from __future__ import annotations

import random
import re
import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks.environment import REPOSITORY
from skewless import Entity, FeatureView, Source, agg
from skewless.compiler.plan import plan_view
from skewless.definitions.aggregation import Function
from skewless.online.codec import encode
from skewless.online.fold import Folder
from skewless.online.state import add_events, empty_state
from skewless.types import Bool, Float64, String

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.aggregation import Aggregation

PAGE = REPOSITORY / "docs" / "benchmarks.md"
EVENTS = (100, 10_000)
DAYS = 30
_DAY = 86_400_000_000
_UNTIL = 20_000 * _DAY + _DAY // 2
_SHOPS, _DECLINED = 200, 0.03
_ROUNDS, _SECONDS_A_ROUND = 7, 0.02
_MARKED = re.compile(r"(<!-- each-aggregate -->\n).*?(<!-- end -->)", re.DOTALL)

user = Entity("user", keys={"user_id": String})
payments = Source(
    "payments",
    schema={"user_id": String, "amount": Float64, "shop": String, "declined": Bool},
    event_time="paid_at",
)
_MONTH: Mapping[str, Any] = {"window": f"{DAYS}d"}
_DECAY: Mapping[str, Any] = {"half_life": "3d", **_MONTH}

# What is asked of each; a text is of one of 200 shops, of which some are visited often.
ASKED: Mapping[Function, tuple[str, Aggregation]] = {
    Function.COUNT: ("count()", agg.count(**_MONTH)),
    **{
        function: (f"{function.value}(amount)", getattr(agg, function.value)("amount", **_MONTH))
        for function in (
            Function.SUM,
            Function.MEAN,
            Function.MIN,
            Function.MAX,
            Function.FIRST,
            Function.LAST,
            Function.VAR_SAMP,
            Function.VAR_POP,
            Function.STDDEV_SAMP,
            Function.STDDEV_POP,
        )
    },
    **{
        function: (
            f"{function.value}(declined)",
            getattr(agg, function.value)("declined", **_MONTH),
        )
        for function in (Function.ANY, Function.ALL, Function.SHARE)
    },
    **{
        function: (f"{function.value}()", getattr(agg, function.value)(**_MONTH))
        for function in (
            Function.SECONDS_SINCE_LAST,
            Function.SECONDS_SINCE_FIRST,
            Function.MEAN_GAP,
        )
    },
    Function.DECAYED_COUNT: ("decayed_count()", agg.decayed_count(**_DECAY)),
    Function.DECAYED_SUM: ("decayed_sum(amount)", agg.decayed_sum("amount", **_DECAY)),
    Function.DECAYED_MEAN: ("decayed_mean(amount)", agg.decayed_mean("amount", **_DECAY)),
    **{
        function: (
            f"{function.value}(amount, 10)",
            getattr(agg, function.value)("amount", 10, **_MONTH),
        )
        for function in (Function.FIRST_N, Function.LAST_N, Function.TOP_N, Function.BOTTOM_N)
    },
    Function.LAST_DISTINCT_N: (
        "last_distinct_n(shop, 10)",
        agg.last_distinct_n("shop", 10, **_MONTH),
    ),
    Function.COUNT_DISTINCT: ("count_distinct(shop)", agg.count_distinct("shop", **_MONTH)),
    Function.VALUE_COUNTS: (
        "value_counts(shop, limit=500)",
        agg.value_counts("shop", limit=500, **_MONTH),
    ),
    Function.MODE: ("mode(shop, limit=500)", agg.mode("shop", limit=500, **_MONTH)),
    Function.HISTOGRAM: (
        "histogram(amount, [10, 50, 200])",
        agg.histogram("amount", [10, 50, 200], **_MONTH),
    ),
    Function.PERCENTILE: ("percentile(amount, 0.95)", agg.percentile("amount", 0.95, **_MONTH)),
}


def main() -> None:
    """Measure, and write the table between its marks."""
    page = PAGE.read_text(encoding="utf-8")
    found = _MARKED.sub(lambda place: f"{place[1]}\n{table()}\n\n{place[2]}", page)
    PAGE.write_text(found, encoding="utf-8")


def table() -> str:
    """Return what each aggregate costs, as Markdown."""
    counts = [f"{count:,} events: bytes | CPU µs" for count in EVENTS]
    lines = [f"| aggregate | {' | '.join(counts)} |", "|---|" + "--:|--:|" * len(EVENTS)]
    drawn = {count: events(count) for count in EVENTS}
    for name, aggregation in ASKED.values():
        cells = []
        for count in EVENTS:
            size, seconds = cost(aggregation, drawn[count])
            cells += [f"{size:,}", f"{seconds * 1e6:,.0f}"]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def events(count: int) -> list[dict[str, Any]]:
    """Draw one user's payments of the last days, always the same."""
    draw = random.Random(7)  # noqa: S311 - no secret
    weights = [1 / (number + 1) for number in range(_SHOPS)]
    shops = draw.choices([f"shop-{number}" for number in range(_SHOPS)], weights, k=count)
    return [
        {
            "user_id": "u1",
            "amount": round(draw.lognormvariate(3.5, 1.0), 2),
            "shop": shop,
            "declined": draw.random() < _DECLINED,
            "paid_at": _UNTIL - draw.randrange(DAYS * _DAY),
        }
        for shop in shops
    ]


def cost(aggregation: Aggregation, rows: list[dict[str, Any]]) -> tuple[int, float]:
    """Return the bytes of a user's state, and the processor seconds of a fold of it."""
    plan = plan_of(aggregation)
    state = state_of(plan, rows)
    folder = Folder(plan)
    return len(state), _seconds(lambda: folder.fold([state], _UNTIL))


def plan_of(aggregation: Aggregation) -> ViewPlan:
    """Return the plan of a view that has this feature alone."""
    features = {"value": aggregation}
    return plan_view(
        FeatureView("v", entity=user, source=payments, refresh="stream", features=features)
    )


def state_of(plan: ViewPlan, rows: list[dict[str, Any]]) -> bytes:
    """Return a user's state as an item holds it."""
    return encode(plan, add_events(plan, empty_state(plan), rows))


def _seconds(run: Callable[[], object]) -> float:
    """Return the median processor time of a call."""
    calls, started = 0, time.thread_time()
    while time.thread_time() - started < _SECONDS_A_ROUND:
        run()
        calls += 1
    rounds = []
    for _ in range(_ROUNDS):
        started = time.thread_time()
        for _ in range(calls):
            run()
        rounds.append((time.thread_time() - started) / calls)
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
