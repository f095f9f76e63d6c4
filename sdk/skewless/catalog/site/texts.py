"""Texts of users, and numbers and instants as texts. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _typeshed import DataclassInstance

    Document = TypeVar("Document", bound=DataclassInstance)

_SHORT = 160
_TINY = 40
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_TWO_DAYS = 2 * _DAY
_KILO = 1000
_PERCENT = 100
_MANY_PERCENT = 10
# No page can hold these: control characters, halves of surrogate pairs, and what is no character.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# These show other signs than there are, or show them in another order.
_DECEIVING = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_BECAME = re.compile(r"(?P<what>.{1,300}?): (?P<old>.+) became (?P<new>.+)", re.DOTALL)


def printable(document: Document) -> Document:
    """Return the document with each character that no page can hold replaced by U+FFFD."""
    return _mapped(document, lambda text: _IMPOSSIBLE.sub("\ufffd", text))  # type: ignore[no-any-return]


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(
            **{field.name: _mapped(getattr(value, field.name), change) for field in fields(value)}
        )
    if isinstance(value, Mapping):
        return {change(key): _mapped(item, change) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_mapped(item, change) for item in value)
    return value


def exact(text: str) -> str:
    """Return a name, code or a sample with signs that deceive written out, as `<U+202E>`."""
    return _DECEIVING.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def short(text: str, length: int = _SHORT) -> str:
    """Return the beginning of a text, in one line."""
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}\u2026"


def grouped(names: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return features and columns by their owner: `x@1`, and of each its full and its own name.

    What belongs to nobody, such as a service, has an empty owner.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        owner, found, part = name.partition(":")
        groups.setdefault(owner if found else "", []).append((name, part if found else name))
    return list(groups.items())


def is_plain(text: str) -> bool:
    """Say whether a text runs from left to right whatever stands beside it."""
    return text.isascii()


def became(sentence: str) -> tuple[str, str, str] | None:
    """Return what changed, from what, to what; None if the sentence says it in another way."""
    found = _BECAME.fullmatch(sentence)
    return found and (found["what"], found["old"], found["new"])


def number(value: float, grouped_from: int = _KILO) -> str:
    """Return a number for people: thousands apart, four digits that count."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 10**15:
        return f"{int(value):,}" if abs(value) >= grouped_from else str(int(value))
    return f"{value:,.0f}" if abs(value) >= grouped_from else f"{value:.4g}"


def rounded(text: str, type_: str) -> str:
    """Return a sample with the digits that people read, if it is a floating-point number."""
    if type_ != "Float64":
        return text
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return text


def size(count: int) -> str:
    """Return bytes for people, as `1.2 MB`."""
    value, units = float(count), ["bytes", "kB", "MB", "GB", "TB", "PB"]
    while value >= _KILO and len(units) > 1:
        value /= _KILO
        units.pop(0)
    return f"{value:.3g} {units[0]}" if units[0] != "bytes" else f"{count} bytes"


def share(part: int, whole: int) -> str:
    """Return a part in percent; a little is never told as nothing."""
    if whole <= 0:
        return "none"
    percent = _PERCENT * part / whole
    if 0 < percent < 0.1:  # noqa: PLR2004 - the least that one decimal can show
        return "<0.1 %"
    if percent < _MANY_PERCENT and percent != int(percent):
        return f"{percent:.1f} %"
    if part < whole and round(percent) >= _PERCENT:
        return ">99 %"
    return f"{percent:.0f} %"


def clamped(part: int, whole: int) -> float:
    """Return a part in percent as a width: no less than nothing, no more than all."""
    return min(max(_PERCENT * part / whole, 0.0), float(_PERCENT)) if whole > 0 else 0.0


def instant(text: str) -> str:
    """Return an ISO instant for people, in UTC; of what is no instant the beginning."""
    at = _parsed(text)
    return short(text, _TINY) if at is None else f"{at.day} {at:%b %Y, %H:%M}"


def seconds(value: float, type_: str) -> str:
    """Return an edge of a bin: an instant or a day where it stands for one."""
    if type_ not in ("Timestamp", "Date"):
        return number(value, grouped_from=10_000)  # a smaller one may be a year
    try:
        at = datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return number(value)
    return f"{at.day} {at:%b %Y, %H:%M}" if type_ == "Timestamp" else f"{at.day} {at:%b %Y}"


def between(early: str, late: str) -> str:
    """Return how long after one instant another one is, as `3 h`; empty if it is no minute."""
    first, last = _parsed(early), _parsed(late)
    if first is None or last is None or last < first:
        return ""
    passed = (last - first).total_seconds()
    if passed < _MINUTE:
        return ""
    if passed < _HOUR:
        return f"{passed / _MINUTE:.0f} min"
    if passed < _TWO_DAYS:
        return f"{passed / _HOUR:.0f} h"
    return f"{passed / _DAY:.0f} days"


def person(arn: str) -> str:
    """Return the last name of an ARN: the session of a role, or the user."""
    return arn.rpartition("/")[2] or arn if arn.startswith("arn:") else arn


def _parsed(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
