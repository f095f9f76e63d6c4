"""Patches: how often the words of a published version changed. Pure.

Words are a description, an owner and tags. They change no value, so a patch is no version of its
own: references, locks and fingerprints are of MAJOR.MINOR. The registry counts, because a user who
mends a word should not have to write a number. A number that is written must be the next one, or
greater.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skewless.definitions.version import Version
from skewless.registry.change import Action
from skewless.registry.identity import PROSE, Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skewless.definitions.collection import Definition
    from skewless.registry.change import Change
    from skewless.registry.plan import Plan

VERSIONED = ("view", "service")


def written_in(definitions: Iterable[Definition]) -> dict[Identity, int]:
    """Return the patches that definitions have in their files; those without one are left out."""
    found = {}
    for item in definitions:
        if patch := getattr(getattr(item, "version", None), "patch", 0):
            found[Identity.of(item)] = patch
    return found


def with_patches(
    plan: Plan,
    counted: Mapping[Identity, int],
    written: Mapping[Identity, int],
    *,
    is_carried: bool = False,
) -> Plan:
    """Return the plan with the patch that each definition has afterwards.

    Args:
        plan: what publishing would do.
        counted: the patches of what is published; 0 where there is none.
        written: the patches that the file says, or the registry that definitions come from.
        is_carried: whether they come from another registry; then a patch that is too low is
            counted on.
    """
    changes = (
        _with_patch(
            change, counted.get(change.identity, 0), written.get(change.identity, 0), is_carried
        )
        for change in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def _with_patch(change: Change, counted: int, written: int, is_carried: bool) -> Change:  # noqa: FBT001
    match change.action:
        case Action.REFUSE:
            return change
        case Action.CREATE:
            return replace(change, patch=written)
        case Action.UNCHANGED if written > counted:
            told = (f"version {_full(change, counted)} became {_full(change, written)}",)
            return replace(
                change, action=Action.DESCRIBE, details=told, patch=written, patch_before=counted
            )
    if not any(one.what in PROSE for one in change.differences):
        return replace(change, patch=counted, patch_before=counted)
    if written and written <= counted and not is_carried:
        return _too_low(change, counted, written)
    patch = max(written, counted + 1)
    return replace(change, patch=patch, patch_before=counted)


def _too_low(change: Change, counted: int, written: int) -> Change:
    needed = Version(change.version.major, change.version.minor, counted + 1)
    way_out = (
        f"the words of version {_full(change, written)} are published, and the last are those of "
        f"{_full(change, counted)}: look at these, and publish yours as version={needed.full!r}, "
        "or leave the patch out, and it is counted"
    )
    return replace(change, action=Action.REFUSE, details=(*change.details, way_out), needed=needed)


def _full(change: Change, patch: int) -> str:
    return Version(change.version.major, change.version.minor, patch).full
