"""The features that a lock file pins, in words, and a check before overwriting it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from skewless.compiler.document import UNREADABLE
from skewless.definitions.service import FeatureService
from skewless.errors import InputError
from skewless.registry.identity import Identity
from skewless.registry.lock import SELECTION
from skewless.registry.strict_json import parse

if TYPE_CHECKING:
    from skewless.compiler.document import Document
    from skewless.registry.selection import Selection

_WAYS_OUT = "write to another file (--output), or overwrite it with force=True (--force)"


def pinned_as(chosen: Selection | FeatureService) -> str:
    """Return what is pinned: a service, a view, or features of views."""
    if isinstance(chosen, FeatureService):
        return f"service {chosen.name!r}"
    return _named([view.name for view, _ in chosen])


def check_overwrite(path: str | Path, chosen: Selection | FeatureService, store: str) -> None:
    """Refuse to overwrite the lock of another service. Another version of the same is allowed.

    Raises:
        InputError: the file pins something else, or is no lock.
    """
    if not Path(path).exists():
        return
    wanted = f"{pinned_as(chosen)} of store {store!r}"
    try:
        found = _found(parse(Path(path).read_bytes()))
    except (OSError, *UNREADABLE) as error:
        raise InputError(
            f"{str(path)!r} is there, and no lock that can be read: {_WAYS_OUT}"
        ) from error
    if found != wanted:
        raise InputError(f"{str(path)!r} is the lock of {found}, not of {wanted}: {_WAYS_OUT}")


def _found(content: Document) -> str:
    """Say what a lock pins, also one that was edited or is of another release."""
    identity = Identity.parse(content["service"])
    pinned = f"service {identity.name!r}"
    if identity.name == SELECTION:
        (document,) = [
            entry["document"]
            for entry in content["definitions"]
            if entry["key"] == content["service"]
        ]
        pinned = _named(
            [role[0]["name"] if role else view for view, _, _, *role in document["features"]]
        )
    return f"{pinned} of store {content['store']!r}"


def _named(views: list[str]) -> str:
    names = list(dict.fromkeys(views))
    kind = "view" if len(names) == 1 else "features of views"
    return f"{kind} {', '.join(map(repr, names))}"
