"""Parts: what each minor version added to a view. Pure.

A published feature of a major version keeps its value for good. So a view is published as parts:
the first has the features it began with, each later one those that were added then. A part is a
view by itself, with items and cuts of its own. What was published is never written anew when a
feature is added, and all that reads it goes on as it was.

Users write a view whole. Here it is taken apart, along the parts that are published.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from skewless.compiler.fingerprint import feature_fingerprint
from skewless.definitions.collection import Definitions
from skewless.definitions.expression import CallNode, FeatureNode
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureRef, FeatureView, Role, view_behind
from skewless.registry.identity import Identity, level, meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skewless.definitions.expression import Node
    from skewless.definitions.service import AnyView, View
    from skewless.definitions.types import ValueType

V = TypeVar("V", FeatureView, OnDemandView)
Some = TypeVar("Some", bound=FeatureView | OnDemandView)


class Refusal(NamedTuple):
    """Why a definition cannot be published under its version.

    Attributes:
        reasons: what differs, one sentence each; none if `published` says it by itself.
        needed: the version that it needs.
        published: what it differs from, whole.
    """

    needed: Version
    reasons: tuple[str, ...] = ()
    published: View | FeatureService | None = None


class Apart(NamedTuple):
    """Definitions, with views taken apart.

    Attributes:
        definitions: parts in the place of views; what is refused is whole.
        parts: for each view, by the `id` of the user's object, the parts that it stands for.
        services: for each service, by the same, the service over parts.
        added: by identity, the features that a new minor version brings.
        refusals: by identity, why a definition cannot be published.
    """

    definitions: Definitions
    parts: Mapping[int, tuple[View, ...]]
    services: Mapping[int, FeatureService]
    added: Mapping[Identity, tuple[str, ...]]
    refusals: Mapping[Identity, Refusal]


def take_apart(published: Definitions, wanted: Definitions) -> Apart:
    """Take the views of `wanted` apart along those that are published.

    Definitions over parts come out as they went in.
    """
    work = _Work(published, wanted)
    # What a view reads comes before it, and what it had before it was added to.
    for view in sorted(wanted.views, key=lambda item: item.version):
        work.take(view)
    for on_demand in sorted(wanted.on_demand_views, key=lambda item: (level(item), item.version)):
        work.take(work.over_parts(on_demand), of=on_demand)
    services = {id(service): work.service(service) for service in wanted.services}
    return Apart(
        Definitions(
            wanted.entities,
            wanted.sources,
            tuple(work.of_kind(FeatureView)),
            tuple(work.of_kind(OnDemandView)),
            tuple(dict.fromkeys(services.values())),
        ),
        work.parts,
        services,
        work.added,
        work.refusals,
    )


def whole(parts: Sequence[View]) -> View:
    """Return one view with the features of all parts, in the version of the last."""
    last = parts[-1]
    if len(parts) == 1:
        return last
    features: dict[str, Any] = {}
    request: dict[str, ValueType] = {}
    for part in parts:
        match part:
            case OnDemandView():
                features |= part.expressions
                request |= part.request
            case _:
                features |= part.aggregations or dict.fromkeys(part.columns)
    match last:
        case OnDemandView():
            return last.with_expressions(features, request)
        case _:
            return last.with_features(features if last.is_aggregated else [*features])


def parts_of(items: Iterable[Some], name: str, major: int) -> list[Some]:
    """Return the published parts of a view, in the order in which they were added."""
    found = [item for item in items if (item.name, item.version.major) == (name, major)]
    return sorted(found, key=lambda item: item.version)


class _Work:
    def __init__(self, published: Definitions, wanted: Definitions) -> None:
        self.published = published
        self.wanted = wanted
        self.parts: dict[int, tuple[View, ...]] = {}
        # What those see that read a view; of a refused one, the parts that it would have.
        self.seen: dict[int, tuple[View, ...]] = {}
        self.added: dict[Identity, tuple[str, ...]] = {}
        self.refusals: dict[Identity, Refusal] = {}
        # The keys of `parts` are ids of these, which therefore must live as long.
        self.kept: list[object] = []
        # What is published, and what was taken apart before, by kind and name.
        self.of_name: dict[tuple[type, str], dict[Identity, Any]] = {}
        views: tuple[View, ...] = (*published.views, *published.on_demand_views)
        for view in views:
            self.of_name.setdefault((type(view), view.name), {})[Identity.of(view)] = view

    def of_kind(self, kind: type[V]) -> list[V]:
        """Return the parts of all views of a kind, each once."""
        found = {Identity.of(part): part for parts in self.parts.values() for part in parts}
        return [part for part in found.values() if isinstance(part, kind)]

    def take(self, view: V, of: V | None = None) -> None:
        """Take one view apart; `of` is the user's object, of which it is a form."""
        declared = view.version.without_patch
        of_name = self.of_name.setdefault((type(view), view.name), {})
        there = parts_of(of_name.values(), view.name, declared.major)
        if any(part.version == declared and meaning(part) == meaning(view) for part in there):
            there = []  # it is a part already, or the first one
        found: tuple[View, ...] = (_in_version(view, declared),)
        seen: tuple[View, ...] = ()
        if there:
            known = [part for part in there if part.version <= declared]
            values = {name: feature_fingerprint(view, name) for name in view.feature_types}
            extra = _extra(known, values)
            refusal = (
                Refusal(self.next_major(view), published=whole(known or there))
                if extra is None
                else _of_minor(there, declared, extra, values)
            )
            kept = () if extra is None else known
            ours: list[View] = [_as_published(view, part) for part in kept]
            if refusal is not None:
                self._refuse(view, refusal)
                if extra:
                    # Readers are looked at as if the view had the version that it needs: what was
                    # added under too low a version changes none of them either.
                    later: list[View] = _between(there, declared, refusal.needed)
                    seen = (*ours, *later, view.only(extra, refusal.needed))
            else:
                if extra:
                    ours.append(view.only(extra, declared))
                    self.added[Identity.of(ours[-1])] = tuple(extra)
                found = tuple(ours)
        for part in found:
            of_name.setdefault(Identity.of(part), part)
        for item in {id(view): view, id(of or view): of or view}.values():
            self.parts[id(item)] = found
            self.seen[id(item)] = seen or found
            self.kept.append(item)

    def over_parts(self, view: OnDemandView) -> OnDemandView:
        """Return the view with its expressions over parts of the views they read."""
        if view.function is not None:
            inputs = tuple(map(self._node, view.function.inputs))
            if all(new is old for new, old in zip(inputs, view.function.inputs, strict=True)):
                return view
            return view.with_function(replace(view.function, inputs=inputs))
        moved = {name: self._node(node) for name, node in view.expressions.items()}
        if all(moved[name] is node for name, node in view.expressions.items()):
            return view
        return view.with_expressions(moved, view.request)

    def service(self, service: FeatureService) -> FeatureService:
        """Return the service over parts, after it was compared with the published one."""
        pairs = [self._pair(view, feature) for view, feature in service.features]
        found = service
        views = zip(pairs, service.features, strict=True)
        if service.version.patch or any(new is not old for (new, _), (old, _) in views):
            found = FeatureService(
                service.name,
                features=[FeatureRef(*pair) for pair in pairs],
                version=service.version.without_patch,
                description=service.description,
                owner=service.owner,
                tags=service.tags,
            )
        refusal, added = _of_service(found, self.published.services, self.next_major(found))
        moved = tuple(self._moved(found))
        if refusal is not None and refusal.published is None and moved:
            refusal = Refusal(self.next_major(found), (*refusal.reasons, *moved))
        if refusal is not None:
            self._refuse(found, refusal)
        elif added:
            self.added[Identity.of(found)] = added
        return found

    def _moved(self, service: FeatureService) -> Iterator[str]:
        """Name the views of a service that need another major version, and so another service."""
        for view in dict.fromkeys(view_behind(view) for view, _ in service.features):
            refusal = self.refusals.get(Identity.of(view))
            if refusal is not None and refusal.needed.major != view.version.major:
                yield f"it reads {Identity.of(view)}, which needs version {refusal.needed}"

    def next_major(self, item: View | FeatureService) -> Version:
        """Return a version that is free: behind what is published, and what is written beside."""
        majors = [
            other.version.major
            for other in (*self.published, *self.wanted)
            if type(other) is type(item) and other.name == item.name
        ]
        return Version(max(majors) + 1)

    def _refuse(self, item: View | FeatureService, refusal: Refusal) -> None:
        self.refusals[Identity.of(item)] = refusal

    def _pair(self, view: AnyView, feature: str) -> tuple[AnyView, str]:
        parts = self.seen.get(id(view_behind(view)), ())
        for part in parts:
            if feature in part.feature_types:
                if isinstance(view, Role):
                    same = part is view.view
                    role = Role(cast("FeatureView", part), view.name, view.columns_of_keys)
                    return (view if same else role), feature
                return part, feature
        return view, feature

    def _node(self, node: Node) -> Node:
        match node:
            case FeatureNode(view, feature):
                part, _ = self._pair(cast("AnyView", view), feature)
                return node if part is view else FeatureNode(part, feature)
            case CallNode(operator, arguments):
                moved = tuple(map(self._node, arguments))
                is_same = all(new is old for new, old in zip(moved, arguments, strict=True))
                return node if is_same else CallNode(operator, moved)
            case _:
                return node


def _between(there: Iterable[View], after: Version, last: Version) -> list[View]:
    return [part for part in there if after < part.version <= last]


def _extra(known: Sequence[View], values: Mapping[str, str]) -> list[str] | None:
    """Return the features that the parts do not have; None unless they kept all of their values."""
    kept = {name: part for part in known for name in part.feature_types}
    if not kept or any(
        values.get(name) != feature_fingerprint(part, name) for name, part in kept.items()
    ):
        return None
    return [name for name in values if name not in kept]


def _of_minor(
    there: Sequence[View],
    declared: Version,
    extra: Sequence[str],
    values: Mapping[str, str],
) -> Refusal | None:
    """Say whether a view may be published under its minor version; it keeps all that it had."""
    last = there[-1].version
    if not extra:
        if declared > last:
            return Refusal(last, (f"nothing was added since version {last.full}",))
        return None
    later = {
        name: (part.version, feature_fingerprint(part, name))
        for part in there
        for name in part.feature_types
        if part.version > declared
    }
    if all(name in later and later[name][1] == values[name] for name in extra):
        needed = max(later[name][0] for name in extra)
        came = {name: later[name][0].full for name in extra}
        return Refusal(needed, tuple(f"feature {name!r} came with {came[name]}" for name in extra))
    if declared <= last:
        reasons = tuple(f"feature {name!r} was added" for name in extra)
        return Refusal(Version(last.major, last.minor + 1), reasons)
    return None


def _of_service(
    service: FeatureService, published: Iterable[FeatureService], next_major: Version
) -> tuple[Refusal | None, tuple[str, ...]]:
    """Say why a service cannot be published, or what its minor version adds."""
    declared = service.version.without_patch
    of_name = [item for item in published if item.name == service.name]
    there = {item.version: item for item in of_name if item.version.major == declared.major}
    if not there:
        return None, ()
    before = [version for version in there if version <= declared]
    old = there[max(before)] if before else there[min(there)]
    mine, theirs = _read(service), _read(old)
    added = [pair for pair in mine if pair not in theirs]
    if not before or [pair for pair in mine if pair in theirs] != theirs:
        return Refusal(next_major, published=old), ()
    last = max(there)
    names = tuple(f"{view}:{feature}" for view, feature in added)
    if added and declared <= last:
        reasons = tuple(f"feature {name!r} was added" for name in names)
        return Refusal(Version(last.major, last.minor + 1), reasons), ()
    if not added and declared > last:
        return Refusal(last, (f"nothing was added since version {last.full}",)), ()
    return None, names


def _read(service: FeatureService) -> list[tuple[str, str]]:
    """Return the features that a service reads, each with its view's major and its role."""
    return [(_major_of(view), feature) for view, feature in service.features]


def _major_of(view: AnyView) -> str:
    if isinstance(view, Role):
        columns = ", ".join(f"{key}={column}" for key, column in view.columns_of_keys.items())
        return f"{_major_of(view.view)} as {view.name} ({columns})"
    return f"{view.name}@{view.version.major}"


def _as_published(view: V, part: V) -> V:
    """Return the published part in the user's words, with all request fields that it has."""
    ours = view.only(part.feature_types, part.version)
    if isinstance(ours, OnDemandView) and isinstance(part, OnDemandView) and not ours.function:
        return ours.with_expressions(ours.expressions, part.request)
    return ours


def _in_version(view: V, version: Version) -> V:
    if view.version == version:
        return view
    if isinstance(view, OnDemandView):
        if view.function is not None:
            return view.with_function(view.function, version)
        return view.with_expressions(view.expressions, view.request, version)
    return view.only(view.feature_types, version)
