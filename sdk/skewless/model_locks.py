"""LockingStore: locks of what is published, and the models that ship with them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from skewless.definitions.service import FeatureService
from skewless.errors import InputError, shown
from skewless.later import Later
from skewless.registry.lock import LockedResources, LockText, read_lock
from skewless.registry.selection import resolve
from skewless.remembering import RememberingStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.registry.identity import Identity
    from skewless.registry.marked import check_lockable, marks_read
    from skewless.registry.marks import Mark
    from skewless.registry.model_lock import ModelLock
    from skewless.registry.model_register import ModelRegister
    from skewless.registry.pinned import check_overwrite, check_own
else:  # no part of serving
    check_lockable = Later("skewless.registry.marked", "check_lockable")
    marks_read = Later("skewless.registry.marked", "marks_read")
    check_overwrite = Later("skewless.registry.pinned", "check_overwrite")
    check_own = Later("skewless.registry.pinned", "check_own")


class LockingStore(RememberingStore):
    """A store that locks what is published, and knows which models ship with the locks."""

    def models(self, *, ended: bool = False) -> list[ModelLock]:
        """Return the locks that models are deployed with, by model and time.

        Args:
            ended: also those of which `unlock` said that they are deployed no more.
        """
        return [lock for lock in self._models.load() if ended or lock.is_live]

    def unlock(self, model: str, *, digest: str | None = None) -> ModelLock:
        """Say that a model's lock is no longer deployed: `retire` need not wait for it any more.

        The lock file stays as it is; `lock` registers it again.

        Args:
            model: the model's name; for a lock without one, that of the service.
            digest: the first digits of the lock's; needed if the model has several locks.

        Raises:
            UnknownNameError: no deployed model has the name, or no lock of it the digest.
            InputError: it has several, and no digest is given.
        """
        self._for_all("a model's lock")
        from skewless.registry.model_register import live_lock  # noqa: PLC0415 - as above

        found = live_lock(self.models(), model, digest)
        return self._models.end(found, self.clock(), self._aws.caller())

    def register(
        self,
        path: str | Path,
        *,
        model: str | None = None,
        training: Iterable[object] = (),
        accept_skew: bool = False,
        commit: str = "",
    ) -> ModelLock:
        """Register a lock file that is there, such as one that an older release wrote.

        The arguments are those of `lock`.

        Raises:
            InputError: it is the lock of another store; or as for `lock`.
            DocumentError: it is no lock, or was changed after it was written.
        """
        self._for_all("a model's lock")
        lock = read_lock(path)
        check_own(path, lock, *self._place())
        return self._register(
            lock.service,
            lock.fingerprints,
            lock.digest,
            model=model,
            training=training,
            accept_skew=accept_skew,
            commit=commit,
        )

    def lock(
        self,
        features: object,
        path: str | Path = "skewless.lock",
        *,
        force: bool = False,
        model: str | None = None,
        training: Iterable[object] = (),
        accept_skew: bool = False,
        commit: str = "",
    ) -> ModelLock:
        """Write a service's pinned serving plan, which ships with the inference code.

        The registry remembers the lock, so that `retire` and `dependents` know of the model. Where
        the caller may only read the registry, there is a `RuntimeWarning`.

        Args:
            features: as for `get_historical_features`.
            path: the file to write.
            force: overwrite the lock of another service.
            model: the name of the model; that of the service if None. A model may have several
                locks, as while a new one is rolled out; `unlock` says which is deployed no more.
            training: the sets that the model was trained on: each a TrainingSet, its manifest, or
                where it was written.
            accept_skew: lock and record also sets that have other features than those locked.
            commit: of the repository that the lock is for.

        Returns:
            What is registered.

        Raises:
            InputError: the file is the lock of another service, and `force` is not set; it reads a
                version that was yanked; or a training set has other features than those locked.
            UnknownNameError: nothing has the name.
        """
        self._for_all("a lock")
        chosen = resolve(self.published, features)
        own, region = self._place()
        if not force:
            check_overwrite(path, chosen, own, region)
        read = [chosen] if isinstance(chosen, FeatureService) else [view for view, _ in chosen]
        marked = [*marks_read(self.published, read)]
        check_lockable(marked)
        _warn(marked)
        made = LockText.of(chosen, own, region)
        found = self._register(
            made.service,
            made.fingerprints,
            made.digest,
            model=model,
            training=training,
            accept_skew=accept_skew,
            commit=commit,
        )
        made.write(path)
        return found

    def _register(
        self,
        service: FeatureService,
        pinned: Mapping[str, str],
        digest: str,
        *,
        model: str | None,
        training: Iterable[object],
        accept_skew: bool,
        commit: str,
    ) -> ModelLock:
        from skewless.locking import Registering, record  # noqa: PLC0415 - no part of serving

        if isinstance(training, str | Path | Mapping):
            raise InputError(f"training is {shown(training)}; give a list of training sets")
        said = Registering(model, tuple(training), accept_skew, commit)
        sets = said.sets(self.published, service, self._aws)
        table, now = self._needed().registry_table, self.clock()
        made, is_there = record(self._aws, table, said, service, pinned, digest, sets=sets, at=now)
        # `retire` marks first and looks at the locks after: one of two at once sees the other.
        for identity, mark in self._registry.marks().items():
            if mark.is_retired and identity in made.identities:
                if is_there:
                    self._models.end(made, now, made.by)
                raise InputError(f"nothing is locked to {identity}, which {mark}")
        return made

    def _place(self) -> tuple[LockedResources, str]:
        """Return what a lock of this store names: its resources, and its region."""
        own = LockedResources.of(self._needed(), self._aws)
        return own, self._aws.client("dynamodb").meta.region_name

    def _warn_of_marks(self, chosen: Iterable[object]) -> None:
        _warn(marks_read(self.published, chosen))

    @property
    def _models(self) -> ModelRegister:
        from skewless.registry.model_register import ModelRegister  # noqa: PLC0415 - as above

        return ModelRegister(self._aws, self._needed().registry_table)


def _warn(marked: Iterable[tuple[Identity, Mark]]) -> None:
    """Warn of what is marked; the caller's caller called a method of the store."""
    for identity, mark in marked:
        warnings.warn(f"{identity} {mark}", FutureWarning, stacklevel=4)
