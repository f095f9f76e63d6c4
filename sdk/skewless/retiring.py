"""Retiring versions: refused while anything stands on them, then served no more, for good.

1. what stands on the versions is looked for: views and services, and models by their locks;
2. the versions are marked: nothing new is locked, read online, scheduled or filled;
3. the models are looked at again: a lock that was registered meanwhile takes the marks back;
4. the watermarks say that the views are retired: no cut begins or is committed any more;
5. once no reader can remember the watermark of before, the online items are removed.

Each step may be repeated. Whoever runs it again does what an interrupted run left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.definitions.expression import to_datetime
from skewless.definitions.names import versioned
from skewless.definitions.view import FeatureView
from skewless.errors import InputError, PublishError
from skewless.online.address import view_partition
from skewless.online.retired import RemovedItems, RetiredViews
from skewless.online.view_reader import is_cut
from skewless.registry.current import current
from skewless.registry.identity import Identity
from skewless.registry.marks import Mark, State, is_retired
from skewless.registry.selection import named, versions_of
from skewless.registry.stands_on import dependents_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from skewless.compiler.plan import ViewPlan
    from skewless.registry.model_lock import ModelLock
    from skewless.registry.published import Published
    from skewless.registry.registry import Registry
    from skewless.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """What retiring did, or would do.

    Attributes:
        versions: what is retired.
        is_dry_run: whether nothing was changed.
        items: how many online items were removed; in a dry run how many there are.
        read_units, write_units: of DynamoDB, that this took.
        removable_at: from when on the items can be removed, by running it again; None if they are.
        trained: training sets of registered models that were made of the versions, sorted. They can
            be made again.
    """

    versions: tuple[str, ...]
    is_dry_run: bool
    items: int
    read_units: float
    write_units: float
    removable_at: datetime | None
    trained: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {
            "versions": list(self.versions),
            "is_dry_run": self.is_dry_run,
            "items": self.items,
            "read_units": self.read_units,
            "write_units": self.write_units,
            "removable_at": self.removable_at and self.removable_at.isoformat(),
            "trained": list(self.trained),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Retiring:
    """Retires versions of one store.

    Attributes:
        models: returns the locks of models, as they are now.
        now: the store's clock, in microseconds.
    """

    registry: Registry
    bench: Workbench
    models: Callable[[], Iterable[ModelLock]]
    now: Callable[[], int]

    def preview(self, names: Sequence[str], *, is_latest: bool) -> Retirement:
        """Say what `run` would do; see there."""
        published = self.registry.load()
        found = _versions(published, names)
        self._check(published, found, is_latest=is_latest)
        there = RetiredViews(self.bench.table).count(_plans(published, found))
        return Retirement(
            versions=tuple(map(str, found)),
            is_dry_run=True,
            items=there.items,
            read_units=there.read_units,
            write_units=0.0,
            removable_at=None,
            trained=self._trained(found),
        )

    def run(
        self, names: Sequence[str], *, successor: str, reason: str, is_latest: bool, by: str
    ) -> Retirement:
        """Retire versions; see `FeatureStore.retire`."""
        published = self.registry.load()
        found = _versions(published, names)
        if successor:
            _check_successor(published, successor, found)
        self._check(published, found, is_latest=is_latest)
        at = to_datetime(self.now())
        mark = Mark(state=State.RETIRED, reason=reason, successor=successor, by=by, at=at)
        before = {each: published.marks.get(each) for each in found}
        new = [each for each, old in before.items() if old is None or old.state is not mark.state]
        if new:
            self.registry.mark(new, mark, at, by=by, why=reason, before=published.marks)
            self._check_again(found, before, at, by)
        return self._take_out(self.registry.load(), found)

    def _check(self, published: Published, found: Sequence[Identity], *, is_latest: bool) -> None:
        problems = [*self._standing(published, found)]
        if not is_latest:
            problems += _bare_names(published, found)
            problems += self._still_meant(published, found)
        if not problems:
            return
        self._give_back(published, found)
        told = "".join(f"\n- {text}" for text in problems)
        raise PublishError(f"nothing was retired:{told}")

    def _standing(self, published: Published, found: Sequence[Identity]) -> Iterator[str]:
        standing = dependents_of(published, self.models(), found)
        items = {Identity.of(item): item for item in published.definitions}
        for identity in standing.definitions:
            if published.retired(items[identity]) is None:
                name = versioned(identity.name, identity.version)
                yield f"{identity} reads it: retire that as well, in the same call ({name})"
        for lock in standing.locks:
            yield (
                f"{lock} is locked to it by {lock.by} since {lock.at:%Y-%m-%d}: deploy a lock of "
                f"another version, then say so: skewless unlock {lock.model} --lock {lock.short}"
            )

    def _still_meant(self, published: Published, found: Sequence[Identity]) -> Iterator[str]:
        """Say which names mean an older version that is to be retired: the newest is not cut."""

        def has_cut(view: FeatureView) -> bool:
            return is_cut(self.bench.table, published.plan(view))

        for name in dict.fromkeys(each.name for each in found):
            text, _ = current(published, name, has_cut)
            own, version, _ = named(str(text))
            if own is None or version is None:
                continue
            meant = max(versions_of(published, f"{own}@{version}"))
            newest = max(each for each in _of_name(published, meant.kind, name))
            if meant in found and meant != newest:
                yield (
                    f"{meant} is what {name!r} means until {newest} is cut: materialize that "
                    "first, or latest=True (--latest)"
                )

    def _check_again(
        self,
        found: Sequence[Identity],
        before: dict[Identity, Mark | None],
        at: datetime,
        by: str,
    ) -> None:
        """Take the marks back if something came to stand on a version while it was marked."""
        published = self.registry.load()
        if problems := [*self._standing(published, found)]:
            for identity, old in before.items():
                self.registry.mark(
                    [identity],
                    old,
                    at,
                    by=by,
                    why="something stands on it",
                    before=published.marks,
                )
            told = "".join(f"\n- {text}" for text in problems)
            raise PublishError(f"nothing was retired, since meanwhile:{told}")

    def _give_back(self, published: Published, found: Sequence[Identity]) -> None:
        """Take marks back that an interrupted run left, of views that are served as before.

        A mark that has no view beside it is left: nothing tells whether its run was interrupted.
        """
        views = RetiredViews(self.bench.table)
        out: dict[Mark, bool] = {}  # whether a view of that run was taken out already
        for plan in _plans(published, (each for each in found if _is_retired(published, each))):
            mark = published.marks[Identity.of(plan.view)]
            out[mark] = out.get(mark, False) or views.of(plan) is not None
        left = {mark for mark, is_out in out.items() if not is_out}
        marked = [each for each in found if published.marks.get(each) in left]
        if marked:
            at = to_datetime(self.now())
            why = "an interrupted retirement is taken back: something stands on it"
            by = self.bench.aws.caller()
            self.registry.mark(marked, None, at, by=by, why=why, before=published.marks)

    def _take_out(self, published: Published, found: Sequence[Identity]) -> Retirement:
        views, plans = RetiredViews(self.bench.table), _plans(published, found)
        is_exact = bool(self.bench.aws.endpoint)
        waits = [views.mark(plan, self.now()).removable(plan, is_exact=is_exact) for plan in plans]
        self.bench.schedule(lambda: self.registry.load().live_views)
        for plan in plans:
            partition = view_partition(plan)
            self.bench.rewrites.done(partition, self.bench.rewrites.pending(partition))
        until = max(waits, default=0)
        removed = RemovedItems(0, 0.0, 0.0)
        if plans and until <= self.now():
            removed = views.remove(plans, self.now())
        return Retirement(
            versions=tuple(map(str, found)),
            is_dry_run=False,
            items=removed.items,
            read_units=removed.read_units,
            write_units=removed.write_units,
            removable_at=to_datetime(until) if until > self.now() else None,
            trained=self._trained(found),
        )

    def _trained(self, found: Sequence[Identity]) -> tuple[str, ...]:
        views = {versioned(each.name, each.version) for each in found if each.kind == "view"}
        sets = {
            f"{one.name} (model {lock.model!r})"
            for lock in self.models()
            for one in lock.training
            if any(name.partition(":")[0] in views for name, _ in one.features)
        }
        return tuple(sorted(sets))


def _versions(published: Published, names: Sequence[str]) -> list[Identity]:
    """Return the versions that names mean; of a view always a whole major version."""
    if not names:
        raise InputError('name at least one version to retire, as "view@1"')
    found: dict[Identity, None] = {}
    for name in names:
        some = versions_of(published, name)
        first = some[0]
        if first.kind == "view":
            whole = versions_of(published, f"view {first.name}@{first.version.major}")
            if set(whole) - set(some):
                raise InputError(
                    f"{name!r} is a part of version {first.version.major} of view {first.name!r}, "
                    f"which is read as a whole: retire {first.name}@{first.version.major}, or "
                    "publish a new major version without the features"
                )
        found |= dict.fromkeys(some)
    return [*found]


def _check_successor(published: Published, successor: str, found: Sequence[Identity]) -> None:
    for identity in versions_of(published, successor):
        if identity in found or _is_retired(published, identity):
            raise InputError(f"the successor {identity} is retired itself; name another, or none")


def _bare_names(published: Published, found: Sequence[Identity]) -> Iterator[str]:
    """Say which names without a version mean what is to be retired."""
    for kind, name in dict.fromkeys((each.kind, each.name) for each in found):
        of_name = _of_name(published, kind, name)
        live = [each for each in of_name if each not in found and not _is_retired(published, each)]
        newest = max(of_name)
        if newest in found and not _is_retired(published, newest):
            others = ", ".join(versioned(name, each.version) for each in live)
            rest = f"; {others} can then be read by version alone" if live else ""
            yield (
                f"{newest} is what {name!r} means without a version: whoever asks for that gets "
                f"an error from then on{rest}. If that is meant: latest=True (--latest)"
            )


def _of_name(published: Published, kind: str, name: str) -> list[Identity]:
    items = published.views if kind == "view" else published.definitions.services
    return [Identity.of(item) for item in items if item.name == name]


def _is_retired(published: Published, identity: Identity) -> bool:
    return is_retired(published.marks.get(identity))


def _plans(published: Published, found: Iterable[Identity]) -> list[ViewPlan]:
    wanted = set(found)
    views = (view for view in published.definitions.views if Identity.of(view) in wanted)
    return [published.plan(view) for view in views if isinstance(view, FeatureView)]
