"""The features that a lock file pins, in words, and a check before overwriting it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from skewless.compiler.document import UNREADABLE
from skewless.definitions.service import FeatureService
from skewless.errors import InputError
from skewless.registry.identity import Identity
from skewless.registry.lock import SELECTION
from skewless.registry.strict_json import parse

if TYPE_CHECKING:
    from skewless.compiler.document import Document
    from skewless.registry.lock import Lock, LockedResources
    from skewless.registry.selection import Selection

_WAYS_OUT = "write to another file (--output), or overwrite it with force=True (--force)"


def pinned_as(chosen: Selection | FeatureService) -> str:
    """Return what is pinned: a service, a view, or features of views."""
    if isinstance(chosen, FeatureService):
        return f"service {chosen.name!r}"
    return _named([view.name for view, _ in chosen])


def check_overwrite(
    path: str | Path, chosen: Selection | FeatureService, own: LockedResources, region: str
) -> None:
    """Refuse to overwrite the lock of another service. Another version of the same is allowed.

    Args:
        path: the file.
        chosen: what is to be pinned.
        own: the resources of the store.
        region: of the store.

    Raises:
        InputError: the file pins something else, is of another store, or is no lock.
    """
    if not Path(path).exists():
        return
    try:
        content = parse(Path(path).read_bytes())
        pinned, wanted = _found(content), pinned_as(chosen)
        place = _Place(content["store"], content["region"], content.get("online_table_arn", ""))
    except (OSError, *UNREADABLE) as error:
        raise InputError(
            f"{str(path)!r} is there, and no lock that can be read: {_WAYS_OUT}"
        ) from error
    there, here = place.beside(_Place.of(own, region))
    if (pinned, there) != (wanted, here):
        raise InputError(
            f"{str(path)!r} is the lock of {pinned} of {there}, not of {wanted} of {here}: "
            f"{_WAYS_OUT}"
        )


def check_own(path: str | Path, lock: Lock, own: LockedResources, region: str) -> None:
    """Refuse the lock of another store, Region or account.

    Args:
        path: the file.
        lock: what it holds.
        own: the resources of the store.
        region: of the store.

    Raises:
        InputError: it is one.
    """
    there, here = _Place.of(lock.resources, lock.region).beside(_Place.of(own, region))
    if there != here:
        raise InputError(
            f"the lock {str(path)!r} is of {there}, and this is {here}: open the store that it is "
            "of, or write a lock of this store to another file"
        )


class _Place(NamedTuple):
    """Where a lock's values are read."""

    store: str
    region: str
    arn: str

    @classmethod
    def of(cls, resources: LockedResources, region: str) -> _Place:
        return cls(resources.store, region, resources.online_table_arn)

    def beside(self, other: _Place) -> tuple[str, str]:
        """Return both in words, which are equal if both are one place.

        Locks of older releases have no ARN, and so no account.
        """
        names_account = self[:2] == other[:2] and self.arn and other.arn
        texts = [
            f"store {each.store!r} in {each.region}"
            + (f", table {each.arn!r}" if names_account and self.arn != other.arn else "")
            for each in (self, other)
        ]
        return texts[0], texts[1]


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
    return pinned


def _named(views: list[str]) -> str:
    names = list(dict.fromkeys(views))
    kind = "view" if len(names) == 1 else "features of views"
    return f"{kind} {', '.join(map(repr, names))}"
