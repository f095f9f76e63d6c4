"""The columns of a training set that hold an entity's keys: its own, and those of each role.

A role is known from what is published. A set of loose roles tells them in its manifest, which a
training job may have written: what is no role there is passed over.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from skewless.compiler.document import UNREADABLE, decode_role
from skewless.definitions.view import FeatureView, Role
from skewless.errors import SkewlessError
from skewless.registry.identity import named_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.definitions.entity import Entity
    from skewless.definitions.on_demand import OnDemandView
    from skewless.definitions.service import FeatureService
    from skewless.registry.published import Published


def places_of(
    published: Published, entity: Entity, manifest: bytes | None
) -> list[Mapping[str, str]]:
    """Return the mappings of an entity's keys to columns that a set may have, each once.

    Args:
        published: the store's definitions.
        entity: whose keys are looked for.
        manifest: the set's, as it is stored; None if it has none.
    """
    roles = [*_published_roles(published), *_roles_told(published, manifest)]
    places = [{name: name for name in entity.keys}]
    for role in roles:
        columns = dict(role.columns_of_keys)
        if role.view.entity.name == entity.name and columns not in places:
            places.append(columns)
    return [*places]


def _published_roles(published: Published) -> Iterator[Role]:
    found: list[FeatureService | OnDemandView] = [
        *published.definitions.services,
        *published.definitions.on_demand_views,
    ]
    for item in found:
        yield from (view for view in named_by(item) if isinstance(view, Role))


def _roles_told(published: Published, manifest: bytes | None) -> Iterator[Role]:
    for document in _documents(manifest):
        try:
            view = published.view(document["view"], document["version"])
            if isinstance(view, FeatureView):
                yield decode_role(view, document)
        except (SkewlessError, *UNREADABLE):
            continue


def _documents(manifest: bytes | None) -> list[Any]:
    try:
        found = json.loads(manifest or b"{}")["roles"]
    except UNREADABLE:
        return []
    return found if isinstance(found, list) else []
