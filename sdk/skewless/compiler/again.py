"""Whom a cut looks at again: entities that failed before, with or without new events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.keys import decode_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.types import ValueType

# They stand in the cut's statement, whose length is limited; beyond, all entities are looked at.
MOST_NAMED = 200
_MOST_CHARACTERS = 40_000


class Again(NamedTuple):
    """Entities to look at again.

    Attributes:
        keys: physical.
        is_everyone: whether they are too many to be named: all entities are looked at.
    """

    keys: tuple[tuple[Any, ...], ...]
    is_everyone: bool

    @classmethod
    def of(cls, texts: Sequence[str], kinds: Sequence[ValueType]) -> Again:
        """Return the entities of keys' texts, everyone if these are too many or too long."""
        if len(texts) > MOST_NAMED or sum(map(len, texts)) > _MOST_CHARACTERS:
            return cls((), is_everyone=True)
        return cls(tuple(decode_key(text, kinds) for text in texts), is_everyone=False)


NOBODY = Again((), is_everyone=False)
