"""What is retired, where it is asked for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.definitions.collection import Definitions
from skewless.definitions.service import FeatureService
from skewless.errors import InputError
from skewless.registry.identity import Identity
from skewless.registry.selection import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.registry.published import Published


def check_served(published: Published, features: object) -> None:
    """Refuse to serve what is retired.

    Args:
        published: with its marks; a lock has none.
        features: as for `resolve`.

    Raises:
        InputError: something that would be read is retired.
    """
    if not published.marks:  # as of a lock: it has none
        return
    chosen = resolve(published, features)
    check_live(
        published, [chosen] if isinstance(chosen, FeatureService) else [view for view, _ in chosen]
    )


def check_live(published: Published, items: Iterable[object]) -> None:
    """Refuse to serve or fill definitions of which one, or one that it reads, is retired.

    Raises:
        InputError: as for `check_served`.
    """
    for item in Definitions.collect([*items]) if published.marks else ():
        mark = published.retired(item)
        if mark is not None:
            raise InputError(
                f"{Identity.of(item)} {mark}. It is not served or cut any more; its history is "
                "there for training"
            )
