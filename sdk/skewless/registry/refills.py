"""Refills: new majors of views that fill what is there a second time. Pure.

A view that has most features of the major version before it fills them again. Where that costs
more than a look at the plan, `apply` wants the view to be named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from skewless.definitions.names import versioned
from skewless.definitions.version import Version
from skewless.errors import InputError, PublishError, shown
from skewless.registry.change import Action
from skewless.registry.fill import GUARDED_DOLLARS
from skewless.registry.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.view import FeatureView
    from skewless.registry.change import Change
    from skewless.registry.fill import Fill


def filled_again(change: Change, view: FeatureView, published: Iterable[FeatureView]) -> str:
    """Return the version before a new major of which it has at least half of its features.

    Their names count. A changed hop or condition changes the values of all of them, and what a
    cut writes again are the items of the same features.
    """
    before = change.compared_with
    if change.action is not Action.CREATE or before is None:
        return ""
    parts = parts_of(published, before.name, before.version.major)
    there = {name for part in parts for name in part.feature_types}
    kept = [name for name in view.feature_types if name in there]
    return (
        versioned(before.name, before.version) if 2 * len(kept) >= len(view.feature_types) else ""
    )


def with_guards(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return a plan's changes, with those guarded that `apply` wants to be named.

    These are the views that cost most, until all others together fill little a second time; and
    those of which nobody knows what they cost.
    """
    again = {
        change.identity: inf if change.fill.dollars is None else change.fill.dollars
        for change in changes
        if change.fill is not None and change.fill.again
    }
    rest = sum(dollars for dollars in again.values() if dollars != inf)
    guarded = set()
    for identity, dollars in sorted(again.items(), key=lambda pair: (-pair[1], pair[0])):
        if dollars == inf or rest > GUARDED_DOLLARS:
            guarded.add(identity)
            rest -= 0 if dollars == inf else dollars
    return tuple(
        replace(change, fill=replace(change.fill, is_guarded=change.identity in guarded))
        if change.fill is not None
        else change
        for change in changes
    )


def check_refills(changes: Iterable[Change], named: str | Iterable[str]) -> None:
    """Refuse to fill much anew, unless the views are named.

    Args:
        changes: of a plan, with fills.
        named: a view as `name@version`, or several.

    Raises:
        InputError: a name is no view of the plan.
        PublishError: a view is not named.
    """
    if not isinstance(named, Iterable):
        raise InputError(f"refill is {shown(named)}; write a view as name@version, or a list")
    names = [named] if isinstance(named, str) else [*named]
    views = {(change.name, change.version): change for change in changes if change.kind == "view"}
    answered = {_found(text, views) for text in names}
    left = [one for key, one in views.items() if _is_guarded(one) and key not in answered]
    called = [one.called for one in left]
    listed = repr(called[0]) if len(called) == 1 else repr(called)
    options = " ".join(f"--refill {name}" for name in called)
    if left:
        raise PublishError(_told(left, f"refill={listed} ({options})"))


def check_promoted(changes: Iterable[Change], names: Iterable[str]) -> None:
    """Refuse to fill much anew in another store, unless the views themselves are named.

    Args:
        changes: of a promotion's plan, with fills.
        names: what is to be promoted; a service brings its views, and names none.

    Raises:
        PublishError: a view is not named.
    """
    named = {text.partition("@")[0] for text in names}
    left = [one for one in changes if _is_guarded(one) and one.name not in named]
    if left:
        raise PublishError(_told(left, f"promote {' '.join(one.called for one in left)} as well"))


def _is_guarded(change: Change) -> bool:
    return change.fill is not None and change.fill.is_guarded


def _found(text: str, views: Iterable[tuple[str, Version]]) -> tuple[str, Version]:
    name, _, version = text.partition("@") if isinstance(text, str) else ("", "", "")
    try:
        wanted = Version.parse(version).without_patch
    except ValueError:
        wanted = None
    for key in views:
        if key == (name, wanted):
            return key
    there = ", ".join(sorted(versioned(*key) for key in views)) or "none"
    raise InputError(f"refill names {shown(text)}, which is no view to publish; there are: {there}")


def _told(left: Iterable[Change], way_out: str) -> str:
    views = "; ".join(_cost(change.called, change.fill) for change in left if change.fill)
    return (
        "nothing was published. A new major version with most features of the one before fills "
        f"them all a second time from the log: {views}. A feature that is only added needs a minor "
        f"version, which fills nothing anew. If you mean it, name what is filled: {way_out}"
    )


def _cost(called: str, fill: Fill) -> str:
    if fill.dollars is None:
        return f"{called} after {fill.again}, nobody knows at what cost ({fill.why_unknown})"
    return f"{called} after {fill.again}, {fill.log_rows:,} rows, up to {fill.dollars:,.2f} dollars"
