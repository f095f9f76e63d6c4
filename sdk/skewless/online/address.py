"""Addresses: the keys of online items. A new meaning has a new fingerprint, and so new items.

partition (pk)                               sort (sk)
<view>@<version>#<fingerprint>#<key text>    B, or S#YYYY-MM-DD
<view>@<version>#<fingerprint>               W, or F#<digest of a key> for an entity that failed
line#<source>                                L
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from skewless.compiler.instants import DAY, floor_to
from skewless.compiler.keys import encode_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.compiler.plan import ViewPlan

Address: TypeAlias = "tuple[str, str]"

BATCH = "B"
STREAM = "S#"
WATERMARK = "W"
FAILED = "F#"
LINE_PARTITION, LINE = "line#", "L"
STREAM_DAYS = 9  # how long a stream item is kept after its day: an overdue cut may come that late
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def view_partition(plan: ViewPlan) -> str:
    """Return the partition of a view's watermark, which its entities' partitions begin with."""
    return f"{plan.name}#{plan.fingerprint}"


def entity_partition(plan: ViewPlan, key: Sequence[Any]) -> str:
    """Return the partition of an entity, by its physical key."""
    return f"{view_partition(plan)}#{encode_key(key, plan.key_types)}"


def line_address(source: str) -> Address:
    """Return where the line of a source is. No view's partition begins so: it has an `@` first."""
    return LINE_PARTITION + source, LINE


def failed_sort(partition: str) -> str:
    """Return the sort key of a failed entity, beside its view's watermark."""
    # A digest is needed: a sort key has at most 1,024 bytes, an entity's key up to 1,800.
    return FAILED + hashlib.sha256(partition.encode()).hexdigest()[:40]


def stream_day(sort: str) -> int:
    """Return the first instant of the UTC day of a stream item, by its sort key."""
    return (date.fromisoformat(sort.removeprefix(STREAM)).toordinal() - _EPOCH_DAY) * DAY


def stream_sort(instant: int) -> str:
    """Return the sort key of the UTC day in which the instant lies."""
    return f"{STREAM}{date.fromordinal(_EPOCH_DAY + instant // DAY).isoformat()}"


def stream_expiry(instant: int) -> int:
    """Return when the stream item of the instant's day may be deleted, in epoch seconds."""
    return (floor_to(instant, DAY) + (1 + STREAM_DAYS) * DAY) // 1_000_000


_KEY = re.compile(r", key (?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")


def without_keys(message: str) -> str:
    """Remove the keys that `described` wrote into a message: no entity may be in logs."""
    return _KEY.sub("", message)


def described(partition: str) -> str:
    """Name the entity of a partition in an error."""
    view, _, rest = partition.partition("#")
    return f"view {view!r}, key {rest.partition('#')[2]!r}"
