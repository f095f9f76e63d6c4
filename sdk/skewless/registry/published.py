"""Published: the definitions of a store at one instant, found by name and version."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeVar

from skewless.compiler.plan import plan_view
from skewless.definitions.collection import Definitions
from skewless.definitions.entity import Entity
from skewless.definitions.names import versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.refresh import Stream
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.version import Version, Written
from skewless.definitions.view import FeatureView
from skewless.errors import UnknownNameError
from skewless.quick import dataclass
from skewless.registry.identity import Identity
from skewless.registry.marks import is_retired
from skewless.registry.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skewless.compiler.fingerprint import Known
    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.collection import Definition
    from skewless.definitions.service import View
    from skewless.registry.marks import Mark

Named = TypeVar("Named", Entity, Source)
Versioned = TypeVar("Versioned", FeatureView | OnDemandView, FeatureService)


@dataclass(frozen=True, slots=True)
class Published:
    """Definitions in order of dependency; nothing here changes when the registry does.

    Attributes:
        definitions: what is published.
        marks: which versions are deprecated, yanked or retired.
        fingerprints: by registry key, where they were computed already.
        patches: how often the words of a version changed, where they did; see `registry.patches`.
        is_unfinished: whether an apply was interrupted between its commit and its end.
    """

    definitions: Definitions = field(default_factory=Definitions)
    marks: Mapping[Identity, Mark] = field(default_factory=dict, compare=False)
    fingerprints: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    patches: Mapping[Identity, int] = field(default_factory=dict, compare=False)
    is_unfinished: bool = field(default=False, compare=False)
    _plans: dict[int, ViewPlan] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls, definitions: Iterable[Definition], marks: Mapping[Identity, Mark] | None = None
    ) -> Published:
        """Sort definitions, which come in order of dependency, by their kinds."""
        items = list(definitions)
        return cls(
            Definitions(
                tuple(item for item in items if isinstance(item, Entity)),
                tuple(item for item in items if isinstance(item, Source)),
                tuple(item for item in items if isinstance(item, FeatureView)),
                tuple(item for item in items if isinstance(item, OnDemandView)),
                tuple(item for item in items if isinstance(item, FeatureService)),
            ),
            marks or {},
        )

    def full_version(self, item: View | FeatureService) -> Version:
        """Return the version of what is published, its patch included."""
        identity = Identity.of(item)
        version = identity.version
        return Version(version.major, version.minor, self.patches.get(identity, 0))

    @property
    def views(self) -> tuple[View, ...]:
        """The feature views and the on-demand views, which share one namespace."""
        return (*self.definitions.views, *self.definitions.on_demand_views)

    def plan(self, view: FeatureView) -> ViewPlan:
        """Return a view's plan, compiled when it is first asked for."""
        # By identity, since comparing definitions walks all of them. In a copy the ids are those of
        # the original's views, so the view itself is compared as well.
        found = self._plans.get(id(view))
        if found is None or found.view is not view:
            found = self._plans[id(view)] = plan_view(view, self._known(view))
        return found

    def _known(self, view: FeatureView) -> Known:
        """Return the view's fingerprint, if it is one of these views and not of the same name."""
        told = self.fingerprints.get(Identity.of(view).key) if self.fingerprints else None
        if told is None or not any(view is mine for mine in self.definitions.views):
            return {}
        return {id(view): told}

    @property
    def live_views(self) -> tuple[FeatureView, ...]:
        """The feature views that are served: all but those that are retired."""
        return tuple(view for view in self.definitions.views if self.retired(view) is None)

    @property
    def live_services(self) -> tuple[FeatureService, ...]:
        """The services that are served: all but those that are retired."""
        return tuple(one for one in self.definitions.services if self.retired(one) is None)

    def retired(self, item: Definition) -> Mark | None:
        """Return the mark of a definition that is retired; None of any other."""
        mark = self.marks.get(Identity.of(item)) if self.marks else None
        return mark if is_retired(mark) else None

    def plans_of(self, source: Source, *, retired: bool = False) -> list[ViewPlan]:
        """Return the plans of the views that read a source.

        Args:
            source: the source.
            retired: also of those that are retired, which have history and are not served.
        """
        views = self.definitions.views if retired else self.live_views
        return [self.plan(view) for view in views if view.source.name == source.name]

    def streams_of(self, source: Source) -> list[ViewPlan]:
        """Return the plans of the stream views that read a source."""
        return [plan for plan in self.plans_of(source) if isinstance(plan.view.refresh, Stream)]

    def entity(self, name: str) -> Entity:
        """Return an entity.

        Raises:
            UnknownNameError: none of this name is published.
        """
        return _named("entity", name, self.definitions.entities)

    def source(self, name: str) -> Source:
        """Return a source.

        Raises:
            UnknownNameError: none of this name is published.
        """
        return _named("source", name, self.definitions.sources)

    def view(self, name: str, version: Version | Written | None = None) -> View:
        """Return a view or on-demand view, the latest unless a version is given.

        Raises:
            UnknownNameError: none of this name, or not in this version.
        """
        return self._versioned("view", name, version, self.views)

    def parts(self, name: str, version: str | None = None) -> tuple[View, ...]:
        """Return the parts of a view, those that came first before the others.

        Args:
            name: the view's.
            version: "2" for all minor versions of a major, "2.1" for what that one has; None for
                the latest major.

        Raises:
            UnknownNameError: none of this name, or not in this version.
        """
        last = None if version is None or "." not in version else self.view(name, version).version
        major = (self.view(name).version if version is None else Version.parse(version)).major
        found = parts_of(self.views, name, major)
        if not found:
            found = [self.view(name, Version(major))]
        return tuple(part for part in found if last is None or part.version <= last)

    def service(self, name: str, version: Version | Written | None = None) -> FeatureService:
        """Return a feature service, the latest unless a version is given.

        A text without a minor version is the latest of that major.

        Raises:
            UnknownNameError: none of this name, or not in this version.
        """
        return self._versioned("service", name, version, self.definitions.services)

    def _versioned(
        self,
        kind: str,
        name: str,
        version: Version | Written | None,
        items: Iterable[Versioned],
    ) -> Versioned:
        found = _versioned(kind, name, version, items)
        patch = 0 if version is None else Version.parse(version).patch
        if patch > self.full_version(found).patch:
            wanted = versioned(name, Version.parse(version))
            known = [versioned(name, self.full_version(found))]
            raise UnknownNameError(kind, wanted, known)
        return found


def _named(kind: str, name: str, items: Iterable[Named]) -> Named:
    found = {item.name: item for item in items}
    if name not in found:
        raise UnknownNameError(kind, name, found)
    return found[name]


def _versioned(
    kind: str, name: str, version: Version | Written | None, items: Iterable[Versioned]
) -> Versioned:
    candidates = tuple(items)
    versions = {item.version: item for item in candidates if item.name == name}
    if not versions:
        raise UnknownNameError(kind, name, {item.name for item in candidates})
    wanted = max(versions) if version is None else Version.parse(version).without_patch
    if isinstance(version, str) and "." not in version:
        wanted = max((each for each in versions if each.major == wanted.major), default=wanted)
    if wanted not in versions:
        known = [versioned(name, number) for number in versions]
        raise UnknownNameError(kind, versioned(name, wanted), known)
    return versions[wanted]
