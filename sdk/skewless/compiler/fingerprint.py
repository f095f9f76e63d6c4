"""The fingerprint of a view: a hash over everything that changes a value, and nothing else.

Names of features count, since online items and lock files refer to them; descriptions, owners and
tags do not, nor do columns of the source that the view never reads.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from skewless.compiler.document import Document, encode, encode_node, encode_schema
from skewless.definitions.aggregation import TIMES
from skewless.definitions.expression import ColumnNode, walk
from skewless.definitions.names import TOMBSTONE
from skewless.definitions.on_demand import OnDemandView, views_read
from skewless.definitions.service import FeatureService
from skewless.definitions.view import FeatureView, Role, view_behind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.definitions.service import AnyView, View

# The version of the online format and the semantics; increase it when either changes.
FORMAT = 1
LENGTH = 16  # hexadecimal digits: 64 bits of SHA-256


Known: TypeAlias = "dict[int, str]"


def fingerprint(item: View | FeatureService, known: Known | None = None) -> str:
    """Return 16 hexadecimal digits that identify the meaning of a definition.

    Args:
        item: the definition.
        known: a cache of fingerprints by the `id` of definitions, which must outlive it. It lets
            definitions that share views compute each view once.
    """
    known = {} if known is None else known
    if id(item) not in known:
        known[id(item)] = _digest(_meaning(item, known))
    return known[id(item)]


def used_columns(view: FeatureView) -> tuple[str, ...]:
    """Return the source's columns that the view reads, in the order of the schema."""
    names = {*view.entity.keys, *view.columns}
    for node in _expressions(view):
        names.update(part.name for part in walk(node) if isinstance(part, ColumnNode))
    source = view.source
    if any(item.function in TIMES for item in view.aggregations.values()):
        names.add(source.event_time)
    names.update(name for name in (source.event_id, source.tiebreak) if name is not None)
    if source.has_tombstones and not view.is_aggregated:
        names.add(TOMBSTONE)
    return tuple(name for name in source.columns if name in names)


def family(view: FeatureView, feature: str) -> str:
    """Return the fingerprint of a feature as if it had no window: those of one family differ in it.

    Latest values have no windows: each is its own family.
    """
    aggregate = view.aggregations.get(feature)
    if aggregate is None:
        return feature_fingerprint(view, feature)
    document = _alone(view, feature)
    (told,) = document["features"]
    document["features"] = [{**told, "window": None, "hop": None}]
    return _digest(document)


def feature_fingerprint(view: AnyView, feature: str) -> str:
    """Return 16 hexadecimal digits over everything that changes a feature's value, and no more.

    Neither its name nor its view's counts, nor the features beside it. So two features with one
    fingerprint have the same value for each entity at each instant.

    Args:
        view: the view; a role has other keys, and so other values.
        feature: one of its features.
    """
    match view:
        case Role():
            columns = [*view.columns_of_keys.values()]
            return _digest({"role": feature_fingerprint(view.view, feature), "keys": columns})
        case FeatureView():
            return _digest(_alone(view, feature))
        case OnDemandView() if view.function is not None:
            # One function makes all of its view's features: they change together.
            read = [encode_node(node, read=feature_fingerprint) for node in view.function.inputs]
            document = encode(view)
            document["function"]["inputs"] = read
            kept = ("kind", "request", "features", "function")
            return _digest({key: document[key] for key in kept} | {"feature": feature})
        case OnDemandView():
            alone = view.only([feature])
            return _digest(
                {
                    "format": FORMAT,
                    "kind": "OnDemandView",
                    "request": sorted(encode_schema(alone.request)),
                    "expression": encode_node(alone.expressions[feature], read=feature_fingerprint),
                }
            )


def _alone(view: FeatureView, feature: str) -> Document:
    """Return the meaning of a view of this feature alone, without names."""
    document = _meaning(view.only([feature]), {})
    features = document["features"]
    document["features"] = [*(features.values() if isinstance(features, dict) else features)]
    return {key: value for key, value in document.items() if key != "name"}


def _expressions(view: FeatureView) -> Iterator[Any]:
    for aggregation in view.aggregations.values():
        nodes = (aggregation.input, aggregation.where, aggregation.by)
        yield from (node for node in nodes if node is not None)
    if view.where is not None:
        yield view.where


def _meaning(item: View | FeatureService, known: Known) -> Document:
    document = encode(item)
    for key in ("description", "owner", "tags", "version"):
        document.pop(key)
    match item:
        case FeatureView():
            columns = used_columns(item)
            document["entity"] = encode_schema(item.entity.keys)
            document["source"] = {
                "name": item.source.name,
                "schema": [
                    pair for pair in encode_schema(item.source.columns) if pair[0] in columns
                ],
                "event_time": item.source.event_time,
                "event_id": item.source.event_id,
                "tiebreak": item.source.tiebreak,
                "table": item.source.table,
                # A log holds ingest times, whatever a backfill took them from. Only views of a
                # table compute them from its column, or from the delay.
                "ingest_time": item.source.ingest_time if item.source.table else None,
                "delay": item.source.delay.microseconds if item.source.table else None,
            }
        case OnDemandView():
            document["reads"] = sorted(
                {fingerprint(view_behind(view), known) for view in views_read(item)}
            )
        case FeatureService():
            document["reads"] = [fingerprint(view_behind(view), known) for view, _ in item.features]
    return {"format": FORMAT, **document}


def _digest(document: Document) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
