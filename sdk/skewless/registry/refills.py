"""Refills: new majors of views that fill what is there a second time. Pure.

A view that has most features of the major version before it fills them again. Where that costs
more than a look at the plan, `apply` wants the view to be named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from skewless.definitions.names import versioned
from skewless.definitions.version import Version
from skewless.errors import InputError, PublishError, shown
from skewless.registry.change import Action
from skewless.registry.parts import parts_of

if TYPE_CHECKING:
    from skewless.definitions.view import FeatureView
    from skewless.registry.change import Change


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


def check_refills(changes: Iterable[Change], named: str | Iterable[str]) -> None:
    """Refuse to fill much anew, unless the view is named.

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
    for key, change in views.items():
        if _is_guarded(change) and key not in answered:
            called = change.called
            _refuse(change, f"name it: refill={called!r} (--refill {called})")


def check_promoted(changes: Iterable[Change], names: Iterable[str]) -> None:
    """Refuse to fill much anew in another store, unless the view itself is named.

    Args:
        changes: of a promotion's plan, with fills.
        names: what is to be promoted; a service brings its views, and names none.

    Raises:
        PublishError: a view is not named.
    """
    named = {text.partition("@")[0] for text in names}
    for change in changes:
        if _is_guarded(change) and change.name not in named:
            _refuse(change, f"name {change.called} among what is promoted")


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


def _refuse(change: Change, way_out: str) -> NoReturn:
    fill = change.fill
    assert fill is not None  # noqa: S101 - it is guarded
    cost = f"for nobody knows how much ({fill.why_unknown})"
    if fill.dollars is not None:
        cost = f"for up to {fill.dollars:,.2f} dollars"
    rows = "" if fill.log_rows is None else f" of {fill.log_rows:,} rows"
    raise PublishError(
        f"nothing was published: {change.called} has most features of {fill.again}, and its first "
        f"cut fills them all a second time from the log{rows}, {cost}. A feature that is only "
        f"added needs a minor version, which fills nothing anew. If you mean it, {way_out}"
    )
