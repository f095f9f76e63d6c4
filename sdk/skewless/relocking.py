"""RelockingStore: locks beside what is published now, checked and brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.carrying import CarryingStore
from skewless.definitions.collection import Definitions
from skewless.definitions.names import versioned
from skewless.definitions.service import FeatureService
from skewless.definitions.view import FeatureRef
from skewless.errors import InputError
from skewless.later import Later
from skewless.online.view_reader import is_cut
from skewless.registry.lock import read_lock, service_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from skewless.registry.lock import Lock, LockedResources
    from skewless.registry.lock_review import LockCheck, Upgrade
    from skewless.registry.pinned import check_own
    from skewless.registry.repinned import PinnedVersion
else:  # no part of serving
    check_own = Later("skewless.registry.pinned", "check_own")


class RelockingStore(CarryingStore):
    """A store that says how its locks stand."""

    def check_lock(self, path: str | Path = "skewless.lock", features: object = None) -> LockCheck:
        """Say whether a lock is what `lock` would write now; change nothing.

        Args:
            path: the lock file.
            features: what it is to pin, as for `lock`; the versions that it pins if None.

        Returns:
            What differs, by name, and what is said of versions that it pins.

        Raises:
            InputError: it is the lock of another store or Region.
            DocumentError: it is no lock, or was changed after it was written.
            UnknownNameError: nothing has the name.
        """
        from skewless.registry.lock_review import check  # noqa: PLC0415 - no part of serving

        self._for_all("a lock")
        lock, own, region = self._of_this_store(path)
        return check(str(path), lock, features, self._reloaded(), own, region)

    def upgrade_lock(
        self,
        path: str | Path = "skewless.lock",
        *,
        major: bool = False,
        model: str | None = None,
        training: Iterable[object] = (),
        accept_skew: bool = False,
        commit: str = "",
    ) -> Upgrade:
        """Write a lock anew with the newest minor version of what it pins.

        Of a lock of loose features each view moves; all features of a view are pinned if all were.

        Args:
            path: the lock file.
            major: take the newest major version. A model has to be trained for it.
            model: as for `lock`; if None the name that the lock was registered with.
            training: as for `lock`.
            accept_skew: as for `lock`.
            commit: as for `lock`.

        Returns:
            What changed, by name. The file is left as it is if nothing did.

        Raises:
            InputError: it is the lock of another store or Region, the newest version reads one
                that was yanked, or several models are deployed with it.
            DocumentError: it is no lock, or was changed after it was written.
        """
        from skewless.registry import lock_review as review  # noqa: PLC0415 - no part of serving
        from skewless.registry.repinned import newest  # noqa: PLC0415

        self._for_all("a lock")
        lock, own, region = self._of_this_store(path)
        now = newest(self._reloaded(), lock, major=major)
        changes = review.lock_differences(str(path), lock, now, own, region)
        if changes:
            loose = [] if isinstance(now, FeatureService) else [FeatureRef(*pair) for pair in now]
            self.lock(
                loose or now,
                path,
                model=self._model_of(path, lock) if model is None else model,
                training=training,
                accept_skew=accept_skew,
                commit=commit,
            )
        return review.Upgrade(
            lock=str(path),
            before=review.named(lock.service),
            after=review.named(now),
            changes=changes,
            uncut=self._uncut(service_of(now)) if changes else (),
        )

    def _uncut(self, service: FeatureService) -> tuple[str, ...]:
        """Name the views of a service that were never cut: their features are null."""
        return tuple(
            versioned(view.name, view.version)
            for view in Definitions.collect(service).views
            if not is_cut(self._table, self.published.plan(view))
        )

    def outdated(self, *paths: str | Path) -> list[PinnedVersion]:
        """Say which views and services that locks pin have newer versions, or are marked.

        Args:
            paths: lock files; `skewless.lock` if none.

        Returns:
            All that is pinned; `is_outdated` tells what is worth a look.

        Raises:
            InputError: a lock is of another store or Region.
            DocumentError: a file is no lock, or was changed after it was written.
        """
        self._for_all("a lock")
        from skewless.registry.repinned import pins  # noqa: PLC0415 - no part of serving

        published = self._reloaded()
        return [
            pin
            for path in paths or ("skewless.lock",)
            for pin in pins(str(path), self._of_this_store(path)[0], published)
        ]

    def _model_of(self, path: str | Path, lock: Lock) -> str | None:
        """Return the name of the model that a lock was registered for; None if it was not."""
        found = sorted({each.model for each in self.models() if each.digest == lock.digest})
        if len(found) > 1:
            raise InputError(
                f"{str(path)!r} is that of the models {', '.join(map(repr, found))}; say which of "
                "them gets the new one with model= (--model)"
            )
        return found[0] if found else None

    def _of_this_store(self, path: str | Path) -> tuple[Lock, LockedResources, str]:
        """Read a lock, and return it with the resources and the region of this store."""
        lock, (own, region) = read_lock(path), self._place()
        check_own(path, lock, own, region)
        return lock, own, region
