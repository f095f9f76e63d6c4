"""Entities that failed by themselves, as commands print them: by view and reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.cli.screen import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.cli.screen import Screen
    from skewless.materialize.failures import FailedEntity

_MOST_SHOWN = 5  # keys of one reason


def print_failed(screen: Screen, failed: Sequence[FailedEntity], count: int) -> None:
    """Print failed entities, grouped; print nothing if there are none.

    Args:
        screen: where.
        failed: the entities that the result names.
        count: how many there are.
    """
    if not count:
        return
    screen.say()
    what = "entity" if count == 1 else "entities"
    screen.say(f"{count:,} {what} failed; all others are written, and these say so:", "bold red")
    groups: dict[tuple[str, str], list[FailedEntity]] = {}
    for entity in failed:
        groups.setdefault((entity.view, entity.reason), []).append(entity)
    rows = [(view, _keys(entities), reason) for (view, reason), entities in groups.items()]
    screen.table(("View", "Keys", "Why"), rows)
    if count > len(failed):
        screen.say(f"… and {count - len(failed):,} more")


def _keys(entities: Sequence[FailedEntity]) -> str:
    texts = [
        " ".join(f"{name}={shown(value)}" for name, value in entity.key.items())
        for entity in entities[:_MOST_SHOWN]
    ]
    rest = len(entities) - len(texts)
    return ", ".join(texts) + (f" and {rest:,} more" if rest else "")
