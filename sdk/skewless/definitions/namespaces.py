"""The methods of expressions under `.str`, for texts, and `.dt`, for instants."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from skewless.definitions.duration import Duration
from skewless.definitions.operators import Operator
from skewless.definitions.types import is_whole
from skewless.errors import DefinitionError, did_you_mean
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

Made = TypeVar("Made")
NAMESPACES = {
    "TextMethods": ".str",
    "TimeMethods": ".dt",
    "ListMethods": ".list",
    "MapMethods": ".map",
}
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
_MAX_OFFSET_HOURS, _MINUTES = 18, 60


@dataclass(frozen=True, slots=True)
class Namespace(Generic[Made]):
    """What `.str`, `.dt`, `.list` and `.map` share: each makes an expression of the one before."""

    call: Callable[..., Made]
    of: Made

    def __getattr__(self, name: str) -> NoReturn:
        raise unknown_method(self, name)


class TextMethods(Namespace[Made]):
    """Methods for texts. A null text gives null."""

    __slots__ = ()

    def lower(self) -> Made:
        """Return the text with A to Z made lower case; no other letter changes."""
        return self.call(Operator.LOWER, self.of)

    def upper(self) -> Made:
        """Return the text with a to z made upper case; no other letter changes."""
        return self.call(Operator.UPPER, self.of)

    def strip(self) -> Made:
        """Return the text without spaces, tabs, CR and LF at its ends."""
        return self.call(Operator.STRIP, self.of)

    def len(self) -> Made:
        """Count the text's code points."""
        return self.call(Operator.LENGTH, self.of)

    def slice(self, start: int, length: int) -> Made:
        """Return at most `length` code points, from number `start` on; the first is 0."""
        _whole("str.slice", "start", start, 0)
        _whole("str.slice", "length", length, 0)
        return self.call(Operator.SLICE, self.of, start, length)

    def replace(self, old: str, new: str) -> Made:
        """Return the text with `new` in place of each `old`."""
        _text("str.replace", "old", old)
        _text("str.replace", "new", new, may_be_empty=True)
        return self.call(Operator.REPLACE, self.of, old, new)

    def split_part(self, separator: str, n: int) -> Made:
        """Return the n-th part between separators, the first is 1; null if there are fewer."""
        _text("str.split_part", "separator", separator)
        _whole("str.split_part", "n", n, 1)
        return self.call(Operator.SPLIT_PART, self.of, separator, n)

    def starts_with(self, prefix: str) -> Made:
        """Say whether the text starts with `prefix`, letter by letter."""
        _text("str.starts_with", "prefix", prefix, may_be_empty=True)
        return self.call(Operator.STARTS_WITH, self.of, prefix)

    def ends_with(self, suffix: str) -> Made:
        """Say whether the text ends with `suffix`, letter by letter."""
        _text("str.ends_with", "suffix", suffix, may_be_empty=True)
        return self.call(Operator.ENDS_WITH, self.of, suffix)

    def contains(self, part: str) -> Made:
        """Say whether `part` stands in the text. It is no pattern."""
        _text("str.contains", "part", part, may_be_empty=True)
        return self.call(Operator.CONTAINS, self.of, part)


class TimeMethods(Namespace[Made]):
    """Methods for instants. A null instant gives null. Those of the calendar also take dates.

    `utc_offset`, such as "+02:00", says whose calendar and clock are read.
    """

    __slots__ = ()

    def year(self, *, utc_offset: str = "+00:00") -> Made:
        """Return the year."""
        return self._part(Operator.YEAR, utc_offset)

    def month(self, *, utc_offset: str = "+00:00") -> Made:
        """Return the month, 1 to 12."""
        return self._part(Operator.MONTH, utc_offset)

    def day(self, *, utc_offset: str = "+00:00") -> Made:
        """Return the day of the month, 1 to 31."""
        return self._part(Operator.DAY, utc_offset)

    def hour(self, *, utc_offset: str = "+00:00") -> Made:
        """Return the hour, 0 to 23."""
        return self._part(Operator.HOUR, utc_offset)

    def minute(self, *, utc_offset: str = "+00:00") -> Made:
        """Return the minute, 0 to 59."""
        return self._part(Operator.MINUTE, utc_offset)

    def second(self, *, utc_offset: str = "+00:00") -> Made:
        """Return the whole second, 0 to 59."""
        return self._part(Operator.SECOND, utc_offset)

    def weekday(self, *, utc_offset: str = "+00:00") -> Made:
        """Return the day of the week: Monday is 1, Sunday is 7."""
        return self._part(Operator.WEEKDAY, utc_offset)

    def ordinal_day(self, *, utc_offset: str = "+00:00") -> Made:
        """Return the day of the year, 1 to 366."""
        return self._part(Operator.ORDINAL_DAY, utc_offset)

    def truncate(self, every: str | timedelta | Duration) -> Made:
        """Return the instant rounded down to a multiple of `every` since 1970 in UTC."""
        try:
            step = Duration.parse(every).microseconds
        except ValueError as error:
            raise DefinitionError("dt.truncate", [str(error)]) from error
        if step == 0:
            raise DefinitionError("dt.truncate", ["every must be longer than 0s"])
        return self.call(Operator.TRUNCATE, self.of, step)

    def _part(self, part: Operator, utc_offset: object) -> Made:
        return self.call(part, self.of, _offset(f"dt.{part.value}", utc_offset))


def unknown_method(owner: object, name: str) -> AttributeError:
    """Return the error for a method that an expression does not have."""
    if name.startswith("__"):  # copy and pickle ask for these, and people do not
        return AttributeError(name)
    known = [text for text in dir(owner) if not text.startswith("_")]
    kind = NAMESPACES.get(type(owner).__name__, "")
    if not kind:
        found = [
            f"{NAMESPACES[methods.__name__]}.{name}"
            for methods in Namespace.__subclasses__()
            if hasattr(methods, name)
        ]
        if found:
            hint = f" Did you mean {' or '.join(found)}?"
            return AttributeError(f"an expression has no {name!r}.{hint}")
    return AttributeError(
        f"an expression has no {kind}{'.' if kind else ''}{name}.{did_you_mean(name, known)}"
    )


def _offset(function: str, given: object) -> int:
    match = _OFFSET.fullmatch(given) if isinstance(given, str) else None
    if match is None or int(match[2]) > _MAX_OFFSET_HOURS or int(match[3]) >= _MINUTES:
        text = f'utc_offset={given!r} is no distance from UTC; write one like "+02:00" or "-05:30"'
        raise DefinitionError(function, [text])
    minutes = int(match[2]) * _MINUTES + int(match[3])
    return (minutes if match[1] == "+" else -minutes) * 60_000_000


def _whole(function: str, name: str, given: Any, least: int) -> None:
    if not is_whole(given) or not least <= given < 2**31:
        text = f"{name}={given!r} must be a whole number of at least {least}, below 2^31"
        raise DefinitionError(function, [text])


def _text(function: str, name: str, given: object, *, may_be_empty: bool = False) -> None:
    if not isinstance(given, str) or not (given or may_be_empty):
        kind = "a text" if may_be_empty else "a text that is not empty"
        raise DefinitionError(function, [f"{name}={given!r} must be {kind}"])
