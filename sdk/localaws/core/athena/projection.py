"""Athena's partition projection: partitions computed from a table's properties.

A table with `projection.enabled` needs no partitions in Glue.
"""

from __future__ import annotations

import itertools
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from localaws.core.athena.failure import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST = 1_000_000
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_NOW = re.compile(r"NOW\s*(?:([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?")
# The letters of Java's patterns for dates and times of day; other letters are refused.
_FORMATS = {
    "yyyy": "%Y",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
}
# Text in quotes; a run of one letter; any other character.
_PARTS = re.compile(r"'([^']*)'|(y+|M+|d+|H+|m+|s+|[A-Za-z])|([^A-Za-z'])")
_UNITS = ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")
_ESCAPED = re.compile(r"""[\x00-\x1f\x7f"#%'*/:=?\\{\[\]^]""")  # in the names of Hive's folders


@dataclass(frozen=True, slots=True)
class Projected:
    """One partition: its values, in the order of the keys, and its folder."""

    values: tuple[str, ...]
    location: str


def is_projected(described: Mapping[str, Any]) -> bool:
    """Whether a table's partitions are projected; then those in Glue do not count."""
    is_enabled = _lower(_parameters(described), "projection.enabled") == "true"
    return is_enabled and bool(described.get("PartitionKeys"))


def injected_keys(described: Mapping[str, Any]) -> list[str]:
    """The keys whose values a query must name, because they cannot be listed."""
    parameters = _parameters(described)
    keys = [key["Name"] for key in described.get("PartitionKeys", ())]
    return [key for key in keys if _lower(parameters, f"projection.{key}.type") == "injected"]


def projected(described: Mapping[str, Any], now: datetime) -> list[Projected]:
    """All partitions that a table's properties describe.

    Args:
        described: the table, as Glue describes it.
        now: the instant of `NOW` in a range of dates.

    Raises:
        QueryFailedError: a property is missing or wrong, or there would be more than a million.
    """
    name = f"{described['DatabaseName']}.{described['Name']}"
    parameters = _parameters(described)
    keys = [(key["Name"], key["Type"]) for key in described["PartitionKeys"]]
    values = [_Key(name, key, type_, parameters).values(now) for key, type_ in keys]
    count = 1
    for some in values:
        count *= len(some)
    if count > _MOST:
        raise _invalid(
            f"the Glue table {name!r} projects {count:,} partitions, more than the {_MOST:,} that "
            "are looked through; narrow its projection.*.range"
        )
    template = parameters.get("storage.location.template")
    found = []
    for chosen in itertools.product(*values):
        named = {key: value for (key, _), value in zip(keys, chosen, strict=True)}
        found.append(Projected(chosen, _location(name, described, template, named)))
    return found


def _location(
    name: str, described: Mapping[str, Any], template: str | None, values: Mapping[str, str]
) -> str:
    if template is None:
        folder = "/".join(f"{key}={_escaped(value)}" for key, value in values.items())
        return f"{described['StorageDescriptor']['Location'].rstrip('/')}/{folder}/"

    def value_of(found: re.Match[str]) -> str:
        if found[1].lower() not in values:
            raise _invalid(
                f"the Glue table {name!r}: storage.location.template names {found[0]}, which is "
                f"none of its partition keys {', '.join(values)}"
            )
        return values[found[1].lower()]

    return _PLACEHOLDER.sub(value_of, template).rstrip("/") + "/"


def _escaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", value)


def _invalid(message: str) -> QueryFailedError:
    return QueryFailedError("INVALID_TABLE_PROPERTY", message)


def _parameters(described: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in described.get("Parameters", {}).items()}


def _lower(parameters: Mapping[str, str], name: str) -> str:
    return parameters.get(name, "").strip().lower()


@dataclass(frozen=True, slots=True)
class _Key:
    """A partition key of a table, and the table's properties."""

    table: str
    name: str
    type: str
    parameters: Mapping[str, str]

    def values(self, now: datetime) -> list[str]:
        """The values that the key may have, as its partitions' folders spell them."""
        match self._property("type").lower():
            case "enum":
                return [value.strip() for value in self._property("values").split(",")]
            case "integer":
                return list(self._integers())
            case "date":
                return list(dict.fromkeys(self._dates(now)))
        raise self._wrong("type", "it is enum, integer or date here, or injected")

    def _integers(self) -> Iterator[str]:
        first, last = self._range()
        digits = int(self._property("digits", "0"))
        step = self._interval()
        try:
            numbers = range(int(first), int(last) + 1, step)
        except ValueError as error:
            raise self._wrong("range", "it is two whole numbers") from error
        if len(numbers) > _MOST:
            raise self._wrong("range", f"more than {_MOST:,} partitions are not looked through")
        for number in numbers:
            yield f"{number:0{digits}d}" if digits else str(number)

    def _dates(self, now: datetime) -> Iterator[str]:
        pattern = self._pattern()
        unit = self._property("interval.unit", _default_unit(pattern)).upper().removesuffix("S")
        if unit not in _UNITS:
            raise self._wrong("interval.unit", f"it is one of {', '.join(_UNITS)}")
        first, last = (self._bound(text, pattern, now) for text in self._range())
        if last < first:
            raise self._wrong("range", "its first end comes first")
        step, count, current = self._interval(), 0, first
        while current <= last:
            yield self._spelled(current, pattern)
            current, count = _moved(current, unit, step), count + 1
            if count > _MOST:
                raise self._wrong("range", f"more than {_MOST:,} partitions are not looked through")

    def _spelled(self, instant: datetime, pattern: str) -> str:
        # %Y does not pad the years before 1000.
        text = instant.strftime(pattern.replace("%Y", f"{instant.year:04d}"))
        if self.type.lower() in ("date", "timestamp") and text != f"{instant:%Y-%m-%d}":
            raise self._wrong("format", f"a {self.type} is spelled yyyy-MM-dd")
        return text

    def _bound(self, text: str, pattern: str, now: datetime) -> datetime:
        """An end of a range, truncated to the precision of the format."""
        found = _NOW.fullmatch(text)
        if found is None:
            try:
                return datetime.strptime(text, pattern).replace(tzinfo=UTC)
            except ValueError as error:
                raise self._wrong("range", f"{text!r} is not of its format") from error
        moved = now.astimezone(UTC)
        if found[1]:
            moved = _moved(moved, found[3], int(found[1] + found[2]))
        return datetime.strptime(moved.strftime(pattern), pattern).replace(tzinfo=UTC)

    def _pattern(self) -> str:
        """The format of dates as Python writes it."""
        parts = []
        for text, run, other in _PARTS.findall(self._property("format")):
            if run and run not in _FORMATS:
                raise self._wrong("format", f"{run!r} is not read; {', '.join(_FORMATS)} are")
            parts.append(_FORMATS[run] if run else (text or other).replace("%", "%%"))
        return "".join(parts)

    def _range(self) -> tuple[str, str]:
        ends = [end.strip() for end in self._property("range").split(",")]
        match ends:
            case [first, last]:
                return first, last
        raise self._wrong("range", "it is two ends with a comma between them")

    def _interval(self) -> int:
        text = self._property("interval", "1")
        if not text.isdigit() or not int(text):
            raise self._wrong("interval", "it is a positive whole number")
        return int(text)

    def _key(self, name: str) -> str:
        return f"projection.{self.name}.{name}".lower()

    def _property(self, name: str, default: str | None = None) -> str:
        found = self.parameters.get(self._key(name), default)
        if found is None:
            raise _invalid(
                f"the Glue table {self.table!r} has projection.enabled, and no property "
                f"{self._key(name)}"
            )
        return found.strip()

    def _wrong(self, name: str, allowed: str) -> QueryFailedError:
        value = self.parameters.get(self._key(name))
        return _invalid(f"the Glue table {self.table!r}: {self._key(name)} is {value!r}; {allowed}")


def _default_unit(pattern: str) -> str | None:
    """The unit that a format implies; Athena requires it for units finer than a day."""
    if any(part in pattern for part in ("%H", "%M", "%S")):
        return None
    return "DAY" if "%d" in pattern else "MONTH"


def _moved(instant: datetime, unit: str, count: int) -> datetime:
    if unit not in ("YEAR", "MONTH"):
        return instant + timedelta(**{f"{unit.lower()}s": count})
    months = instant.year * 12 + instant.month - 1 + count * (12 if unit == "YEAR" else 1)
    year, month = months // 12, months % 12 + 1
    return instant.replace(year=year, month=month, day=min(instant.day, monthrange(year, month)[1]))
