"""Rebuilding: a training set made again from its labels and its manifest, by either engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.compiler.document import UNREADABLE, decode_role
from skewless.compiler.fingerprint import fingerprint
from skewless.compiler.plan import plan_selection
from skewless.definitions.names import versioned
from skewless.errors import InputError, RebuildError, UnknownNameError
from skewless.offline.storage.objects import open_object
from skewless.offline.training.own_keys import Instants
from skewless.offline.training.training_set import manifest_of
from skewless.registry.unpublished import with_documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.aws import Aws
    from skewless.definitions.view import FeatureRef
    from skewless.offline.training.training_set import TrainingSet
    from skewless.registry.published import Published

_SUFFIX = ".manifest.json"
_NEEDED = ("features", "mode", "timestamp", "snapshots", "digest", "rows")


def rebuild(
    make: Callable[..., TrainingSet],
    published: Published,
    manifest: Mapping[str, Any],
    labels: Any,
    engine: str | None,
) -> TrainingSet:
    """Make a set again; see `FeatureStore.rebuild`.

    Args:
        make: the `training_set` of the store's workbench.
        published: where the set's features are found.
        manifest: the set's.
        labels: those that the set was made of.
        engine: the store's own if None.
    """
    _check_rebuildable(manifest)
    known = _with_unpublished(published, manifest)
    chosen = [_feature(item, known) for item in manifest["features"]]
    full_names = _full_names(manifest)
    found = make(
        labels,
        plan_selection(
            [(ref.view, ref.feature) for ref in chosen], full_names=full_names, planned=known.plan
        ),
        mode=manifest["mode"],
        timestamp=manifest["timestamp"],
        full_names=full_names,
        watermark=manifest.get("watermark"),
        snapshots=manifest["snapshots"],
        engine=engine,
        with_status=manifest.get("with_status", False),
        errors=manifest.get("errors", "raise"),
        unpublished=manifest.get("unpublished", ()),
        instants=_instants(manifest) if labels is None else None,
    )
    _check_same(found.manifest, manifest)
    return found


def manifest_at(given: Mapping[str, Any] | str | Path, aws: Aws) -> Mapping[str, Any]:
    """Return a manifest: as it is given, or read from its own path, or from that of its set."""
    if isinstance(given, Mapping):
        return given
    name = str(given)
    name = name if name.endswith(_SUFFIX) else manifest_of(name)
    try:
        is_remote = name.startswith("s3://")
        text = open_object(aws.client("s3"), name).read() if is_remote else Path(name).read_bytes()
        made = json.loads(text)
    except OSError as error:
        raise InputError(f"the manifest {name!r} cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name!r} is no manifest: {error}") from error
    if not isinstance(made, dict):
        raise InputError(f"{name!r} is no manifest: it holds no JSON object")
    return made


def place_of(given: str | Path) -> str:
    """Return where a set is, given where it or its manifest was written."""
    name = str(given).removesuffix(_SUFFIX)
    return name if "://" in name else str(Path(name).resolve())


def _check_rebuildable(made: Mapping[str, Any]) -> None:
    problems = [f"the manifest lacks {key!r}" for key in _NEEDED if key not in made]
    problems += made.get("rebuild_problems", ())
    if made.get("mode") == "replay" and not made.get("watermark"):
        problems.append("its manifest does not say which column held the watermark")
    if problems:
        raise RebuildError(f"the training set cannot be made again: {'; '.join(problems)}")


def _instants(manifest: Mapping[str, Any]) -> Instants | None:
    """Return the instants of a set that was made of no labels."""
    try:
        return Instants.of(None, **manifest["instants"])
    except (KeyError, TypeError) as error:
        raise RebuildError(
            "the training set cannot be made again: it was made of labels; give them"
        ) from error


def _with_unpublished(published: Published, manifest: Mapping[str, Any]) -> Published:
    """Return what is published, with the definitions of the manifest that were not."""
    documents = manifest.get("unpublished")
    if not documents:
        return published
    try:
        return with_documents(published, documents)
    except UNREADABLE as error:
        raise RebuildError(
            "the training set cannot be made again: it was made of views that were not published, "
            f"and their documents in the manifest are not what skewless wrote: {error}"
        ) from error


def _feature(item: Mapping[str, Any], published: Published) -> FeatureRef:
    """Return a feature of the very view that the set was made of."""
    name = versioned(item["view"], item["version"])
    try:
        view = published.view(item["view"], item["version"])
        chosen = decode_role(view, item["role"]) if "role" in item else view
        feature = chosen[item["feature"]]
    except UnknownNameError as error:
        raise RebuildError(f"the training set cannot be made again: {error}") from error
    except UNREADABLE as error:
        raise RebuildError(
            f"the training set cannot be made again: its manifest has a role that skewless did not "
            f"write: {error}"
        ) from error
    if fingerprint(view) != item["fingerprint"]:
        raise RebuildError(
            f"the training set cannot be made again: {name} is published here with another "
            f"meaning (fingerprint {fingerprint(view)}, not {item['fingerprint']}); is this the "
            "store that made it?"
        )
    return feature


def _full_names(made: Mapping[str, Any]) -> bool:
    """Return how outputs are named; older manifests only show it by the names themselves."""
    named = made.get("full_names")
    if isinstance(named, bool):
        return named
    return all(item["output"] == f"{item['view']}__{item['feature']}" for item in made["features"])


def _check_same(found: Mapping[str, Any], made: Mapping[str, Any]) -> None:
    if found["digest"] == made["digest"]:
        return
    if found["rows"] != made["rows"]:
        reason = f"there are {found['rows']:,} labels, and it was made of {made['rows']:,}"
    elif "erasures" in made:
        reason = "rows of it were erased"
    elif made.get("labels_digest") not in (None, found["labels_digest"]):
        reason = "its labels had other keys, instants or request fields, or another order"
    else:
        reason = (
            "the labels are the same, and so is all that the manifest names. This should never "
            "be: please report it, with both manifests"
        )
    raise RebuildError(
        f"the training set came out differently (digest {found['digest'][:12]}…, not "
        f"{made['digest'][:12]}…): {reason}"
    )
