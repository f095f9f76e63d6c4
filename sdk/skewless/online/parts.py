"""Parts: recent events, kept apart in a day item so that a reader can leave them out.

An item is the folded state of what is settled, and a part for each ingest time since. Each write
folds what has settled meanwhile. So an item has parts only while events come in, and few of them.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from skewless.online.codec import decode, encode
from skewless.online.record import Part
from skewless.online.state import add_events, empty_state, merge, trim

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.compiler.plan import ViewPlan
    from skewless.online.record import StreamItem

# A part more is an item that costs more to write. Where more are open than this, neighbours become
# one, which a reader can only take or leave as a whole.
MOST_PARTS = 16


def with_parts(
    plan: ViewPlan,
    item: StreamItem,
    day: int,
    events: Sequence[tuple[int, Mapping[str, Any]]],
    horizon: int | None,
) -> StreamItem:
    """Return the item with more events.

    Args:
        plan: the view's.
        item: of an entity and a day; not failed.
        day: the day's first instant.
        events: with their ingest times, in that order.
        horizon: what came in before is folded; all if None.
    """
    settled = len(events)
    if horizon is not None:
        settled = sum(ingest_time < horizon for ingest_time, _ in events)
    old = [part for part in item.parts if horizon is None or part.last < horizon]
    folded = [item.folded_to, *(part.last for part in old), *(at for at, _ in events[:settled])]
    state = item.state
    if old or settled:
        found = decode(plan, item.state)
        for part in old:
            found = merge(plan, found, decode(plan, part.state))
        found = add_events(plan, found, [event for _, event in events[:settled]])
        # Tiles that no window reaches on this day are never reached later.
        state = encode(plan, trim(plan, found, day))
    came = [
        Part(
            at, at, encode(plan, add_events(plan, empty_state(plan), [event for _, event in some]))
        )
        for at, some in groupby(events[settled:], key=lambda each: each[0])
    ]
    parts = _joined(plan, [*item.parts[len(old) :], *came])
    return item._replace(state=state, folded_to=max(folded), parts=parts)


def chosen(parts: Sequence[Part], instant: int) -> tuple[list[bytes], int]:
    """Return the states of the parts before an instant, and the instant as of which they are.

    It is an earlier one if a part reaches from before the instant to after.
    """
    for part in parts:
        if part.first < instant <= part.last:
            instant = part.first
    return [part.state for part in parts if part.last < instant], instant


def _joined(plan: ViewPlan, parts: Sequence[Part]) -> tuple[Part, ...]:
    """Put parts in order, and join those that overlap, or are too many."""
    found: list[Part] = []
    for part in sorted(parts):
        if found and part.first <= found[-1].last:
            found[-1] = _join(plan, found[-1], part)
        else:
            found.append(part)
    while len(found) > MOST_PARTS:
        found = [
            found[at] if at + 1 == len(found) else _join(plan, found[at], found[at + 1])
            for at in range(0, len(found), 2)
        ]
    return tuple(found)


def _join(plan: ViewPlan, left: Part, right: Part) -> Part:
    state = merge(plan, decode(plan, left.state), decode(plan, right.state))
    return Part(left.first, max(left.last, right.last), encode(plan, state))
