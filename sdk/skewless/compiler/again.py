"""The entities that a cut looks at again because they failed before, even without new events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.keys import decode_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.types import ValueType

# The cut's statement lists these entities and its length is limited; beyond it looks at all.
MOST_NAMED = 200
_MOST_CHARACTERS = 40_000


class Again(NamedTuple):
    """Entities to look at again.

    Attributes:
        keys: their physical keys.
        is_everyone: whether there are too many to list, so that all entities are looked at.
    """

    keys: tuple[tuple[Any, ...], ...]
    is_everyone: bool

    @classmethod
    def of(cls, texts: Sequence[str], kinds: Sequence[ValueType]) -> Again:
        """Return the entities of these key texts, or everyone if they are too many or too long."""
        if len(texts) > MOST_NAMED or sum(map(len, texts)) > _MOST_CHARACTERS:
            return cls((), is_everyone=True)
        return cls(tuple(decode_key(text, kinds) for text in texts), is_everyone=False)


NOBODY = Again((), is_everyone=False)
