"""The models of a catalog: which locks they are deployed with, and what these stand on. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.catalog.document import LockRow, ModelPage
from skewless.catalog.naming import major_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.registry.model_lock import ModelLock
    from skewless.registry.published import Published


def model_pages(published: Published, locks: Iterable[ModelLock]) -> tuple[ModelPage, ...]:
    """Return a page for each model, in order of names; locks that ended are left out."""
    found: dict[str, list[ModelLock]] = {}
    for lock in sorted(locks, key=lambda each: each.at, reverse=True):
        if lock.is_live:
            found.setdefault(lock.model, []).append(lock)
    return tuple(
        ModelPage(
            name=name,
            locks=tuple(_row(published, lock) for lock in found[name]),
            features=tuple(
                dict.fromkeys(_feature(text) for lock in found[name] for text in lock.features)
            ),
        )
        for name in sorted(found)
    )


def _row(published: Published, lock: ModelLock) -> LockRow:
    return LockRow(
        digest=lock.digest,
        service=lock.service,
        at=lock.at.isoformat(),
        by=lock.by,
        commit=lock.commit,
        training=tuple(one.name for one in lock.training),
        remarks=(*(f"{text}." for text in lock.marked(published.marks)), *lock.skew),
    )


def _feature(text: str) -> str:
    view, _, name = text.partition(":")
    return f"{major_named(view)}:{name}"
