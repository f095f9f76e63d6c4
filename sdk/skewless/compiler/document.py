"""Definitions as plain JSON documents and back: the form in the registry and in lock files.

A document refers to other definitions by name and version, so that each is stored once.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from skewless.compiler import well_formed
from skewless.compiler.written import check_same
from skewless.definitions import types
from skewless.definitions.aggregation import Aggregation, Function
from skewless.definitions.duration import Duration
from skewless.definitions.entity import Entity
from skewless.definitions.expression import (
    MAX_DEPTH,
    CallNode,
    ColumnNode,
    Expr,
    FeatureNode,
    LiteralNode,
    RequestNode,
)
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.operators import Operator
from skewless.definitions.parameters import Parameters
from skewless.definitions.python_function import PythonFunction
from skewless.definitions.refresh import Every, Stream
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureRef, FeatureView, Role
from skewless.errors import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.definitions.collection import Definition
    from skewless.definitions.expression import Node
    from skewless.definitions.expression import View as Named
    from skewless.definitions.refresh import Refresh
    from skewless.definitions.service import AnyView, View
    from skewless.definitions.types import ValueType

_MAX_DEPTH = 2 * MAX_DEPTH  # `isin` adds some to what a user nests
Document: TypeAlias = dict[str, Any]
ViewKey: TypeAlias = tuple[str, Version]
# Errors of decoding a document that is no definition's.
UNREADABLE = (
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    ArithmeticError,
    RecursionError,
)


def encode(item: Definition) -> Document:
    """Return the definition's document."""
    prose = {"description": item.description, "owner": item.owner, "tags": dict(item.tags)}
    match item:
        case Entity():
            body: Document = {"keys": encode_schema(item.keys)}
        case Source():
            body = _encode_source(item)
        case FeatureView():
            body = _encode_view(item)
        case OnDemandView():
            body = {
                "request": encode_schema(item.request),
                "features": {name: encode_node(node) for name, node in item.expressions.items()},
            }
            if item.function is not None:
                body["features"] = {name: str(kind) for name, kind in item.feature_types.items()}
                body["function"] = _encode_function(item.function)
        case FeatureService():
            body = {"features": [_encode_selected(view, name) for view, name in item.features]}
        case _:
            assert_never(item)
    return {
        "kind": type(item).__name__,
        "name": item.name,
        "version": 1 if isinstance(item, Entity | Source) else item.version.written,
        **body,
        **prose,
    }


class Decoder:
    """Rebuilds definitions from documents, which must come in order of dependency."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {}
        self.sources: dict[str, Source] = {}
        self.views: dict[ViewKey, View] = {}
        self.services: dict[ViewKey, FeatureService] = {}

    def decode(self, document: Document) -> Definition:
        """Rebuild one definition and remember it for those that refer to it.

        Raises:
            KeyError: it lacks a member, or refers to what was not decoded before it.
            ValueError: `encode` did not write it; the other errors of `UNREADABLE` mean the same.
        """
        item = self._decode(document)
        check_same(encode(item), document)
        return item

    def _decode(self, document: Document) -> Definition:
        prose = {key: document.get(key, "") for key in ("description", "owner")}
        prose["tags"] = document.get("tags", {})
        name, version = document["name"], Version.parse(document.get("version", 1))
        match document["kind"]:
            case "Entity":
                self.entities[name] = Entity(name, keys=decode_schema(document["keys"]), **prose)
                return self.entities[name]
            case "Source":
                self.sources[name] = _decode_source(document, prose)
                return self.sources[name]
            case "FeatureView":
                view = self._feature_view(document, prose)
                self.views[name, version] = view
                return view
            case "OnDemandView":
                on_demand = self._on_demand_view(document, prose)
                self.views[name, version] = on_demand
                return on_demand
            case "FeatureService":
                features = [
                    FeatureRef(self._read(view, number, *role), feature)
                    for view, number, feature, *role in document["features"]
                ]
                service = FeatureService(name, features=features, version=version, **prose)
                self.services[name, version] = service
                return service
            case kind:
                raise ValueError(f"there is no kind {kind!r}")

    def _feature_view(self, document: Document, prose: Document) -> FeatureView:
        features: Any = document["features"]
        if isinstance(features, Mapping):
            features = {name: self._aggregation(value) for name, value in features.items()}
        where, ttl = document["where"], document["ttl"]
        return FeatureView(
            document["name"],
            entity=None if document["entity"] is None else self.entities[document["entity"]],
            source=self.sources[document["source"]],
            features=features,
            refresh=_decode_refresh(document["refresh"]),
            where=None if where is None else Expr(self._node(where)),
            ttl=None if ttl is None else Duration(ttl),
            version=document["version"],
            **prose,
        )

    def _on_demand_view(self, document: Document, prose: Document) -> OnDemandView:
        name, version = document["name"], Version.parse(document.get("version", 1))
        request, made = decode_schema(document["request"]), document.get("function")
        if made is None:
            expressions = {
                key: Expr(self._node(value)) for key, value in document["features"].items()
            }
            return OnDemandView(
                name, request=request, features=expressions, version=version, **prose
            )
        features = {key: types.parsed(text) for key, text in document["features"].items()}
        function = PythonFunction.again(
            made["name"],
            made["source"],
            made["python"],
            [self._node(value) for value in made["inputs"]],
            list(request),
            list(features),
        )
        return OnDemandView(
            name, request=request, features=features, version=version, function=function, **prose
        )

    def _read(self, name: str, version: object, role: Document | None = None) -> AnyView:
        """Return a view, or a role of one."""
        view = self.views[name, Version.parse(version)]
        return view if role is None else decode_role(view, role)

    def _aggregation(self, document: Document) -> Aggregation:
        def node(key: str) -> Node | None:
            return None if document[key] is None else self._node(document[key])

        def duration(key: str) -> Duration | None:
            return None if document[key] is None else Duration(document[key])

        default = node("default")
        found = Aggregation(
            function=Function(document["function"]),
            input=node("input"),
            window=duration("window"),
            hop=duration("hop"),
            where=node("where"),
            scale=document["scale"],
            default=default if isinstance(default, LiteralNode) else None,
            parameters=self._parameters(document),
            offset=Duration(document["offset"]) if "offset" in document else None,
            half_life=Duration(document["half_life"]) if "half_life" in document else None,
            by=self._node(document["by"]) if "by" in document else None,
        )
        well_formed.check_aggregation(found)
        return found

    def _parameters(self, document: Document) -> Parameters:
        edges = document.get("edges")
        nodes = [] if edges is None else [self._node(edge) for edge in edges]
        found = tuple(node for node in nodes if isinstance(node, LiteralNode))
        return Parameters(
            n=document.get("n"),
            limit=document.get("limit"),
            edges=None if edges is None else found,
            q=document.get("q"),
        )

    def _node(self, document: Document, depth: int = 0) -> Node:
        match document:
            case {"column": name}:
                return ColumnNode(name)
            case {"request": name}:
                return RequestNode(name)
            case {"feature": [view, version, name, *role]}:
                read = self._read(view, version, *role)
                if not isinstance(name, str) or name not in read.feature_types:
                    raise ValueError(f"{read} has no feature {shown(name)}")
                return FeatureNode(read, name)
            case {"literal": value, "type": type_}:
                return well_formed.literal(value, types.parsed(type_))
            case _:
                if depth > _MAX_DEPTH:
                    raise ValueError("it is an expression that nests too deep")
                arguments = [self._node(argument, depth + 1) for argument in document["arguments"]]
                return well_formed.call(Operator(document["call"]), tuple(arguments))


def encode_schema(schema: Mapping[str, ValueType]) -> list[list[str]]:
    """Return the columns as pairs, since their order counts."""
    return [[name, str(type_)] for name, type_ in schema.items()]


def decode_schema(pairs: list[list[str]]) -> dict[str, ValueType]:
    """Return the columns of `encode_schema`."""
    return {name: types.parsed(text) for name, text in pairs}


def encode_node(node: Node | None, read: Callable[[Any, str], str] | None = None) -> Any:
    """Return an expression's document; null for none.

    Args:
        node: the expression.
        read: says what stands for a feature of a view; its name in that view if None.
    """
    match node:
        case None:
            return None
        case ColumnNode(name):
            return {"column": name}
        case RequestNode(name):
            return {"request": name}
        case FeatureNode(view, feature):
            named = _encode_selected(view, feature) if read is None else read(view, feature)
            return {"feature": named}
        case LiteralNode(value, type_):
            plain = base64.b64encode(value).decode() if isinstance(value, bytes) else value
            return {"literal": plain, "type": str(type_)}
        case CallNode(operator, arguments):
            return {
                "call": operator.value,
                "arguments": [encode_node(item, read) for item in arguments],
            }


def encode_role(role: Role) -> Document:
    """Return a role's document: its name, and all keys with their columns, in order."""
    return {"name": role.name, "keys": [list(pair) for pair in role.columns_of_keys.items()]}


def decode_role(view: View, document: Document) -> Role:
    """Return the role of a view that `encode_role` wrote.

    Raises:
        DefinitionError: it is none of the view.
        TypeError: an on-demand view has no roles.
    """
    if not isinstance(view, FeatureView):
        raise TypeError(f"{view} has no roles")
    return view.with_name(document["name"]).with_join_key_map(dict(document["keys"]))


def _encode_selected(view: Named, feature: str) -> list[Any]:
    """Return name and version of the published view, the feature, and the role if there is one."""
    if isinstance(view, Role):
        return [view.view.name, view.version.written, feature, encode_role(view)]
    return [view.name, view.version.written, feature]


def encode_aggregation(item: Aggregation) -> Document:
    """Return an aggregate's document; durations are microseconds."""
    # What only some aggregates have is left out elsewhere: fingerprints of the others stay.
    parameters = item.parameters
    edges = None if parameters.edges is None else list(map(encode_node, parameters.edges))
    some = {
        "n": parameters.n,
        "limit": parameters.limit,
        "edges": edges,
        "q": parameters.q,
        "offset": None if item.offset is None else item.offset.microseconds,
        "half_life": None if item.half_life is None else item.half_life.microseconds,
        "by": encode_node(item.by),
    }
    return {
        "function": item.function.value,
        "input": encode_node(item.input),
        "window": None if item.window is None else item.window.microseconds,
        "hop": None if item.hop is None else item.hop.microseconds,
        "where": encode_node(item.where),
        "scale": item.scale,
        "default": encode_node(item.default),
        **{name: value for name, value in some.items() if value is not None},
    }


def _encode_function(item: PythonFunction) -> Document:
    return {
        "name": item.name,
        "python": item.version,
        "inputs": [encode_node(node) for node in item.inputs],
        "source": item.source,
    }


def encode_refresh(refresh: Refresh) -> Document | str:
    """Return `"stream"`, or the microseconds of an Every."""
    match refresh:
        case Stream():
            return "stream"
        case Every(every=every, delay=delay):
            return {"every": every.microseconds, "delay": delay.microseconds}


def _decode_refresh(document: Document | str) -> Refresh:
    if document == "stream":
        return Stream()
    if isinstance(document, str):
        raise ValueError(f"there is no refresh {document!r}")  # noqa: TRY004 - of a document
    return Every(Duration(int(document["every"])), Duration(int(document["delay"])))


def _encode_source(item: Source) -> Document:
    return {
        "schema": encode_schema(item.schema),
        "event_time": item.event_time,
        "delay": item.delay.microseconds,
        "event_id": item.event_id,
        "tiebreak": item.tiebreak,
        "table": item.table,
        "ingest_time": item.ingest_time,
    }


def _decode_source(document: Document, prose: Document) -> Source:
    return Source(
        document["name"],
        schema=decode_schema(document["schema"]),
        event_time=document["event_time"],
        delay=Duration(int(document["delay"])),
        event_id=document["event_id"],
        tiebreak=document["tiebreak"],
        table=document["table"],
        ingest_time=document["ingest_time"],
        **prose,
    )


def _encode_view(item: FeatureView) -> Document:
    features: Any = list(item.columns)
    if item.is_aggregated:
        features = {name: encode_aggregation(value) for name, value in item.aggregations.items()}
    return {
        "entity": item.entity.name or None,
        "source": item.source.name,
        "features": features,
        "refresh": encode_refresh(item.refresh),
        "where": encode_node(item.where),
        "ttl": None if item.ttl is None else item.ttl.microseconds,
    }
