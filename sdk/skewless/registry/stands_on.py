"""What stands on published versions: services, views, and models by their locks. Pure.

`FeatureStore.models()` gives the locks. `retire` asks here, and so may whoever shows what is
published. `Lineage.downstream` says it feature by feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.view import FeatureView
from skewless.registry.identity import Identity, reads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.definitions.collection import Definition
    from skewless.registry.model_lock import ModelLock
    from skewless.registry.published import Published


@dataclass(frozen=True, slots=True)
class Dependents:
    """What stands on some versions.

    Attributes:
        definitions: views and services that read them, directly or by others, in order of
            dependency; not the versions themselves.
        locks: of models that are deployed and pin one of them.
    """

    definitions: tuple[Identity, ...]
    locks: tuple[ModelLock, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, sorted."""
        return tuple(sorted({lock.model for lock in self.locks}))

    def __bool__(self) -> bool:
        return bool(self.definitions or self.locks)


def dependents_of(
    published: Published, models: Iterable[ModelLock], identities: Iterable[Identity]
) -> Dependents:
    """Find what stands on versions, however far above them.

    Args:
        published: the definitions.
        models: locks as `FeatureStore.models()` gives them; those that ended are left out.
        identities: the versions; entities and sources too. One that is not published may be pinned
            by a lock all the same.
    """
    asked = frozenset(identities)
    found = set(asked)
    above: list[Identity] = []
    for item in published.definitions:  # in order of dependency
        identity = Identity.of(item)
        if identity not in asked and not found.isdisjoint(_read_by(item)):
            found.add(identity)
            above.append(identity)
    locks = sorted(
        (lock for lock in models if lock.is_live and not asked.isdisjoint(lock.identities)),
        key=lambda lock: (lock.model, lock.at, lock.digest),
    )
    return Dependents(tuple(above), tuple(locks))


def _read_by(item: Definition) -> Iterable[Identity]:
    match item:
        case FeatureView():
            return (Identity.of(item.entity), Identity.of(item.source))
        case OnDemandView() | FeatureService():
            return (Identity.of(view) for view in reads(item))
        case _:
            return ()
