"""Definitions under other versions than they were written with, as data. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.compiler.document import Decoder, encode
from skewless.definitions.version import Version
from skewless.errors import PublishError
from skewless.registry.changes import compare
from skewless.registry.identity import Identity, level
from skewless.registry.marked import with_marks
from skewless.registry.published import Published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.collection import Definitions
    from skewless.registry.changes import Plan

# A view's major moves what reads it, and these no further definition.
_MOST_ROUNDS = 10


def publishable(published: Published, wanted: Definitions) -> tuple[Plan, Definitions]:
    """Give each definition the version that its changes need, as `bump` does in a file.

    Returns:
        The plan, which refuses nothing, and the definitions in these versions.

    Raises:
        PublishError: no version makes a definition publishable, or it would stand on what is
            retired.
    """
    for _ in range(_MOST_ROUNDS):
        plan = with_marks(compare(published.definitions, wanted), published)
        if not plan.is_refused:
            return plan, wanted
        wanted = renumbered(wanted, needed_versions(plan))
    texts = "\n".join(map(str, plan.refusals))
    raise PublishError(f"no versions were found that make these publishable:\n{texts}")


def needed_versions(plan: Plan) -> dict[Identity, Version]:
    """Return the versions under which what a plan refuses would be published.

    Raises:
        PublishError: something would be published under none.
    """
    lasting = [change for change in plan.refusals if change.needed is None]
    if lasting:
        texts = "\n".join(map(str, lasting))
        raise PublishError(f"no version makes these publishable:\n{texts}")
    return {change.identity: change.needed for change in plan.refusals if change.needed}


def renumbered(definitions: Definitions, versions: Mapping[Identity, Version]) -> Definitions:
    """Return the definitions with other versions, and what reads them reading these."""
    decoder = Decoder()
    found = []
    for item in sorted(definitions, key=level):
        document = _over(encode(item), versions)
        identity = Identity.of(item)
        if identity in versions:
            document["version"] = versions[identity].written
        found.append(decoder.decode(document))
    return Published.of(found).definitions


def _over(document: Any, versions: Mapping[Identity, Version]) -> Any:
    """Return a document whose references are to other versions."""
    match document:
        case {"kind": "FeatureService", "features": [*features]}:
            return {**document, "features": [_moved(each, versions) for each in features]}
        case {"feature": [str(), _, str(), *_] as reference}:
            return {**document, "feature": _moved(reference, versions)}
        case dict():
            return {name: _over(value, versions) for name, value in document.items()}
        case list():
            return [_over(each, versions) for each in document]
        case _:
            return document


def _moved(reference: list[Any], versions: Mapping[Identity, Version]) -> list[Any]:
    """Return a reference, `[view, version, feature]` and perhaps a role, to another version."""
    name, version, *rest = reference
    identity = Identity("view", name, Version.parse(version).without_patch)
    return [name, versions[identity].written if identity in versions else version, *rest]
