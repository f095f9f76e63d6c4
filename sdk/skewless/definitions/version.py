"""Version: what is published under one name, as MAJOR.MINOR.PATCH."""

from __future__ import annotations

import re
from functools import total_ordering
from typing import TYPE_CHECKING, TypeAlias

from skewless.errors import shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from typing import Self

_TEXT = re.compile(r"(0|[1-9]\d{0,8})(?:\.(0|[1-9]\d{0,8}))?(?:\.(0|[1-9]\d{0,8}))?", re.ASCII)
# What users write for a version, and what documents hold: a number stands for number.0.0.
Written: TypeAlias = int | str


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version of a view, an on-demand view or a service.

    A value that changes is another `major`, a feature that is added another `minor`, and words
    that change another `patch`. Zeros at the end may be left out: 2, "2.0" and "2.0.0" are one
    version, which is equal to the number 2.
    """

    major: int
    minor: int = 0
    patch: int = 0

    @classmethod
    def parse(cls, given: object) -> Self:
        """Read a version as users and documents write it: 2, "2.1" or "2.1.3".

        Raises:
            ValueError: it is none.
        """
        match given:
            case cls():
                return given
            case bool():
                pass
            case int() if given >= 1:
                return cls(given)
            case str() if (found := _TEXT.fullmatch(given)) and int(found[1]) >= 1:
                return cls(*(int(part) for part in found.groups("0")))
        raise ValueError(
            f"version is {shown(given)}; versions are whole numbers from 1, or MAJOR.MINOR.PATCH"
        )

    @property
    def written(self) -> Written:
        """The version as documents hold it: a number if it has no minor and no patch."""
        return self.major if not (self.minor or self.patch) else str(self)

    @property
    def without_patch(self) -> Version:
        """The version that fixes all values."""
        return Version(self.major, self.minor)

    @property
    def full(self) -> str:
        """All three numbers: `2.0.0`."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def _numbers(self) -> tuple[int, int, int]:
        return self.major, self.minor, self.patch

    def __eq__(self, other: object) -> bool:
        match other:
            case Version():
                return self._numbers == other._numbers
            case int():
                return self._numbers == (other, 0, 0)
            case _:
                return NotImplemented

    def __hash__(self) -> int:
        # Equal to a number, so with the hash of a number.
        return hash(self.major) if not (self.minor or self.patch) else hash(self._numbers)

    def __lt__(self, other: object) -> bool:
        match other:
            case Version():
                return self._numbers < other._numbers
            case int():
                return self._numbers < (other, 0, 0)
            case _:
                return NotImplemented

    def __str__(self) -> str:
        if self.patch:
            return self.full
        return f"{self.major}.{self.minor}" if self.minor else str(self.major)

    __repr__ = __str__
