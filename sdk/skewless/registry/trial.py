"""A trial: definitions that are tried beside the published ones, in a namespace. Pure.

A trial keeps two forms. `written` is all that its author applied, whole, in the versions that it
needed then: of it a promotion is made. `tried` is what was not published, with views taken apart as
publishing would do it: it is what the namespace shows. So a view of a trial has the name, the
version and the fingerprint that it will have once it is published, and its online items lie where
they will lie then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from skewless.compiler.document import UNREADABLE, Decoder, encode
from skewless.definitions.collection import Definitions
from skewless.definitions.names import versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureView
from skewless.errors import DocumentError, PublishError, UnknownNameError
from skewless.registry.changes import Action
from skewless.registry.identity import Identity, level, meaning
from skewless.registry.parts import parts_of, whole
from skewless.registry.published import Published
from skewless.registry.renumbered import publishable

if TYPE_CHECKING:
    from collections.abc import Collection

    from skewless.compiler.document import Document
    from skewless.definitions.collection import Definition
    from skewless.definitions.entity import Entity
    from skewless.definitions.source import Source
    from skewless.registry.changes import Plan


class Overlay(NamedTuple):
    """What a namespace shows.

    Attributes:
        published: the published definitions, with those of the trial on top.
        own: those of the trial which are not published, in order of dependency.
    """

    published: Published
    own: tuple[Definition, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a namespace holds.

    Attributes:
        written: documents of all that was applied, whole.
        tried: what was not published then: fingerprints and documents, in order of dependency.
    """

    written: tuple[Document, ...] = ()
    tried: tuple[tuple[str, Document], ...] = ()

    @property
    def partitions(self) -> frozenset[str]:
        """Where the online items of its views lie; on-demand views have none."""
        return frozenset(
            partition_of(document["name"], Version.parse(document["version"]), fingerprint)
            for fingerprint, document in self.tried
            if document["kind"] == "FeatureView"
        )

    def on_top(self, published: Published, namespace: str) -> Overlay:
        """Put what is tried over what is published now.

        What was published meanwhile with the same meaning is no part of the trial any more. A
        published version of another meaning is hidden, and so are later versions of a tried name:
        in the namespace a name alone means what is tried.

        Raises:
            DocumentError: it does not go with what is published, or was edited.
        """
        decoder = _over(published)
        there = {Identity.of(item): item for item in published.definitions}
        own: dict[Identity, Definition] = {}
        for fingerprint, document in self.tried:
            try:
                found = decoder.decode(document)
                identity, means = Identity.of(found), meaning(found)
            except UNREADABLE as error:
                raise _unreadable(namespace, error) from error
            if means != fingerprint:
                raise _unreadable(namespace, ValueError(f"{identity} was edited"))
            other = there.get(identity)
            if other is None or meaning(other) != means:
                own[identity] = found
            elif isinstance(other, FeatureView | OnDemandView):
                decoder.views[other.name, other.version] = other
        newest: dict[tuple[str, str], Identity] = {}
        for identity in own:
            key = identity.kind, identity.name
            newest[key] = max(newest.get(key, identity), identity)
        kept = [
            item
            for identity, item in there.items()
            if identity not in own
            and identity <= newest.get((identity.kind, identity.name), identity)
        ]
        shown = Published.of([*kept, *own.values()], published.marks)
        return Overlay(replace(shown, patches=published.patches), tuple(own.values()))

    def promotion(
        self, published: Published, namespace: str, names: Collection[str] = ()
    ) -> tuple[Plan, Definitions]:
        """Say what publishing the trial would do now: versions are computed anew.

        Args:
            published: what is published now.
            namespace: the trial's.
            names: of views and services, which are published with what they read; all if empty.

        Returns:
            The plan, of what is new alone, and the definitions.

        Raises:
            PublishError: no version makes it publishable.
            UnknownNameError: nothing that is tried has a name.
        """
        found = self._whole(published, namespace)
        own = {Identity.of(item) for item in self.on_top(published, namespace).own}
        known = {identity.name for identity in own}
        for name in names:
            if name not in known:
                raise UnknownNameError("definition tried in the namespace", name, known)
        chosen = [
            item
            for item in found
            if (identity := Identity.of(item)) in own and (not names or identity.name in names)
        ]
        if not chosen:
            return publishable(published, Definitions())
        plan, wanted = publishable(published, Definitions.collect(chosen))
        created = tuple(each for each in plan.changes if each.action is Action.CREATE)
        return replace(plan, changes=created), wanted

    def _whole(self, published: Published, namespace: str) -> list[Definition]:
        """Decode what was written; a minor version gets what was published of its major since."""
        decoder = _over(published)
        decoder.views.clear()
        found = []
        for document in self.written:
            try:
                item = _published(document, decoder) or decoder.decode(document)
            except UNREADABLE as error:
                raise _unreadable(namespace, error) from error
            if isinstance(item, FeatureView | OnDemandView) and item.version.minor:
                item = _with_published(item, published)
                decoder.views[item.name, item.version] = item
            found.append(item)
        return found


def trial_of(published: Published, wanted: Definitions) -> tuple[Trial, Plan, Definitions]:
    """Make a trial of what somebody wrote.

    Returns:
        The trial, the plan of publishing it, and the definitions in the versions that they need.

    Raises:
        PublishError: no version makes a definition publishable, or a source is to change: a log
            is everybody's.
    """
    plan, numbered = publishable(published, wanted)
    actions = {change.identity: change.action for change in plan.changes}
    for item in numbered.sources:
        action = actions[Identity.of(item)]
        if action is Action.EXTEND or (action is Action.CREATE and item.table is None):
            what = "is not published" if action is Action.CREATE else "is published otherwise"
            raise PublishError(
                f"{item} {what}, and a trial makes and changes no log: everybody reads it. Publish "
                "the source alone first: store.apply(source)"
            )
    tried = [
        (meaning(item), encode(item))
        for item in sorted(plan.definitions, key=level)
        if actions[Identity.of(item)] is Action.CREATE
    ]
    created = tuple(change for change in plan.changes if change.action is Action.CREATE)
    written = tuple(encode(item) for item in sorted(numbered, key=level))
    return Trial(written, tuple(tried)), replace(plan, changes=created), numbered


def partition_of(name: str, version: Version, fingerprint: str) -> str:
    """Return the partition of a view in the online table: as `view_partition` of its plan."""
    return f"{versioned(name, version)}#{fingerprint}"


def _over(published: Published) -> Decoder:
    decoder = Decoder()
    decoder.entities |= {item.name: item for item in published.definitions.entities}
    decoder.sources |= {item.name: item for item in published.definitions.sources}
    decoder.views |= {(item.name, item.version): item for item in published.views}
    return decoder


def _published(document: Document, decoder: Decoder) -> Entity | Source | None:
    """Return the published entity or source that a document was of; it may have gained columns."""
    match document["kind"]:
        case "Entity":
            return decoder.entities.get(document["name"])
        case "Source":
            return decoder.sources.get(document["name"])
        case _:
            return None


def _with_published(
    view: FeatureView | OnDemandView, published: Published
) -> FeatureView | OnDemandView:
    """Return a view with the features that its major was given since."""
    if isinstance(view, OnDemandView) and view.function is not None:
        return view
    parts = [
        part
        for part in parts_of(published.views, view.name, view.version.major)
        if type(part) is type(view)
    ]
    if all(name in view.feature_types for part in parts for name in part.feature_types):
        return view
    return whole([*parts, view])


def _unreadable(namespace: str, error: Exception) -> DocumentError:
    return DocumentError(
        f"namespace {namespace!r} cannot be read over what is published now ({error}). Apply its "
        "definitions again, or drop it"
    )
