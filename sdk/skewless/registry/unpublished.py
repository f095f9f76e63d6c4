"""Definitions that are not published, beside those that are: history of an idea.

An unpublished view is decoded of its own document, so that it refers to the published entities,
sources and views themselves. What its document cannot say, no manifest could keep either.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from skewless.compiler.document import Decoder, encode
from skewless.definitions.collection import Definitions
from skewless.definitions.entity import Entity
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.view import FeatureRef, FeatureView, Role, view_behind
from skewless.errors import DefinitionError, InputError
from skewless.registry.differences import differences
from skewless.registry.identity import Identity, level
from skewless.registry.parts import take_apart
from skewless.registry.published import Published

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skewless.compiler.document import Document
    from skewless.definitions.collection import Definition

    Selectable: TypeAlias = FeatureView | OnDemandView | FeatureService


def with_unpublished(published: Published, features: object) -> tuple[Published, list[Document]]:
    """Add the unpublished definitions that `features` names to the published ones.

    Args:
        published: what is published.
        features: as for `resolve`; texts name what is published.

    Returns:
        What `features` is to be resolved in, and the documents of the views and entities that are
        not published, in order of dependency.

    Raises:
        InputError: a source is not published, or a definition differs from a published one.
        DefinitionError: two definitions of `features` have one name.
    """
    items = list(named_definitions(features))
    if not items:
        return published, []
    known = {Identity.of(item): item for item in published.definitions}
    if all(Identity.of(item) in known for item in items):
        return published, []
    apart = take_apart(published.definitions, _with_all_they_read(items))
    for item in apart.definitions:
        if refusal := apart.refusals.get(Identity.of(item)):
            old = refusal.published
            raise InputError(_own_version(item, differences(old, item) if old else refusal.reasons))
    decoder = _decoder(published)
    added: dict[Identity, Definition] = {}
    for item in sorted(apart.definitions, key=level):
        identity = Identity.of(item)
        if (there := known.get(identity)) is not None:
            _check_same(there, item)
        elif identity not in added:
            added[identity] = _decoded(item, decoder)
        elif differences(added[identity], item):
            raise DefinitionError(
                "features",
                [f"two different definitions are called {item.name!r}; rename one of them"],
            )
    documents = [encode(item) for item in added.values() if not isinstance(item, FeatureService)]
    return Published.of([*published.definitions, *added.values()]), documents


def with_documents(published: Published, documents: Sequence[Document]) -> Published:
    """Put definitions of a manifest in the place of published ones of their names.

    Raises:
        LookupError, TypeError, ValueError, ...: as `UNREADABLE` says: they are no documents.
    """
    decoder = _decoder(published)
    added = [decoder.decode(document) for document in documents]
    names = {Identity.of(item) for item in added}
    kept = [item for item in published.definitions if Identity.of(item) not in names]
    return Published.of([*kept, *added])


def named_definitions(features: object) -> Iterator[Selectable]:
    """Yield the views and services that are given as objects, in any nesting of lists."""
    match features:
        case FeatureView() | OnDemandView() | FeatureService():
            yield features
        case FeatureRef():
            yield view_behind(features.view)
        case Role():
            yield features.view
        case Iterable() if not isinstance(features, str | bytes):
            for item in features:
                yield from named_definitions(item)


def _with_all_they_read(items: Iterable[Selectable]) -> Definitions:
    """Collect definitions; of one source several may be given, which count as far as views read."""
    found = dict.fromkeys(each for item in items for each in Definitions.collect(item))
    seen: dict[Identity, Definition] = {}
    for item in found:
        if not isinstance(item, Source | Entity):
            other = seen.setdefault(Identity.of(item), item)
            if other is not item and differences(other, item):
                told = f"two different definitions are called {item.name!r}; rename one of them"
                raise DefinitionError("features", [told])
    return Published.of(found).definitions


def _decoder(published: Published) -> Decoder:
    decoder = Decoder()
    decoder.entities |= {item.name: item for item in published.definitions.entities}
    decoder.sources |= {item.name: item for item in published.definitions.sources}
    decoder.views |= {(item.name, item.version): item for item in published.views}
    return decoder


def _decoded(item: Definition, decoder: Decoder) -> Definition:
    """Return the definition over what is published."""
    if isinstance(item, Source):
        raise InputError(
            f"{item} is not published, and it is all that history of an unpublished view needs: "
            "publish it alone, store.apply(source), and load its events; or give them yourself: "
            "compute(view, events=frame, labels=labels) needs no store"
        )
    try:
        found = decoder.decode(encode(item))
    except DefinitionError as error:
        raise InputError(_differs(item, error.problems)) from error
    if different := differences(found, item):
        raise InputError(_differs(item, different))
    return found


def _check_same(found: Definition, item: Definition) -> None:
    """Refuse a view that differs; sources and entities count as far as views read them."""
    if isinstance(item, Source | Entity) or item == found:
        return
    if different := differences(found, item):
        raise InputError(_own_version(item, different))


def _own_version(item: Definition, different: Iterable[object]) -> str:
    return (
        f"{item} differs from the published one: {'; '.join(map(str, different))}. Give what is "
        "not published a version of its own, version=..., to look at its history"
    )


def _differs(item: Definition, problems: Iterable[object]) -> str:
    return (
        f"{item} is not published, and reads what is published otherwise: "
        f"{'; '.join(map(str, problems))}. "
        "Publish its source as it is meant now, store.apply(source), or write it over the "
        "published one"
    )
