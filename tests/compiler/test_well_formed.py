"""Documents that nobody's definitions were written as, however well they fit together."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, TypeGuard

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skewless import (
    FeatureService,
    OnDemandView,
    agg,
    atan2,
    bucketize,
    col,
    concat,
    greatest,
    haversine,
    if_else,
    least,
    nullif,
    request,
)
from skewless.compiler.document import UNREADABLE, Decoder, encode, encode_node
from skewless.compiler.plan import plan_selection
from skewless.definitions.collection import Definitions
from skewless.definitions.expression import CallNode, walk
from skewless.definitions.operators import Operator
from skewless.definitions.view import FeatureView
from skewless.types import Date, Decimal, Float64, String
from tests.compiler.test_document import AGGREGATED, ENTITY, LATEST, ON_DEMAND, SOURCE
from tests.registry.edits import edits
from tests.strategies import feature_views, on_demand_views, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.definitions.expression import Expr, Node

VIEW = FeatureView(
    "view",
    entity=ENTITY,
    source=SOURCE,
    refresh="stream" if SOURCE.table is None else AGGREGATED.refresh,
    where=col("z").str.contains("a") & (col("x").round(2) > 1.5),
    features={
        "mean": agg.mean(col("x") * 2, window="1d", where=col("a").hash_mod(7) == 3, scale=2),
        "days": agg.max(col("happened_at").dt.hour(), window="7d", default=-1),
        "last": agg.last_n("x", 3, window="1h"),
        "by": agg.count(window="1h", by="z", limit=4),
        "p": agg.percentile("x", 0.99, window="1d", offset="1d"),
        "h": agg.histogram("x", [0, 1.5], window="1d"),
        "decayed": agg.decayed_sum("x", half_life="1d", window="7d"),
    },
)
COMPUTED = OnDemandView(
    "computed",
    request={"miles": Float64, "text": String},
    features={
        "per_mile": (VIEW["mean"] / request("miles")).clip(0.0, 9.0),
        "part": request("text").str.split_part("-", 2),
        "first": VIEW["last"].list.get(0),
    },
)
SERVICE = FeatureService("model", features=[VIEW["mean"], VIEW["h"], COMPUTED])


def documents(item: Any) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(encode(part))) for part in Definitions.collect(item)]


def edited() -> Iterator[tuple[str, list[dict[str, Any]], dict[str, Any]]]:
    *before, service = documents(SERVICE)
    for number, document in enumerate([*before, service]):
        if document["kind"] in ("Entity", "Source"):
            continue
        for name, _, change in edits(document):
            yield f"{document['kind']} {name}", before[:number], change


def test_whatever_an_edit_leaves_readable_is_compiled_and_written_as_it_is() -> None:
    found = []
    decoders: dict[int, Decoder] = {}
    for name, before, change in edited():
        if len(before) not in decoders:
            decoders[len(before)] = Decoder()
            for document in before:
                decoders[len(before)].decode(document)
        decoder = copy.copy(decoders[len(before)])
        decoder.views, decoder.services = dict(decoder.views), {}
        try:
            item: Any = decoder.decode(change)
        except UNREADABLE:
            continue
        names = getattr(item, "feature_types", ())
        chosen = item if isinstance(item, FeatureService) else [(item, each) for each in names]
        try:
            plan_selection(chosen)
        except Exception as error:  # noqa: BLE001 - any error is what is looked for
            found.append(f"{name}: {error!r}")
    assert found == []


def column(**changes: Any) -> dict[str, Any]:
    return {"column": "x", **changes}


def call(operator: str, *arguments: Any) -> dict[str, Any]:
    return {"call": operator, "arguments": list(arguments)}


def constant(value: Any, kind: str) -> dict[str, Any]:
    return {"literal": value, "type": kind}


NUMBER = constant(1.5, "Float64")
CONDITIONS = {
    "a constant of another type": call(">", column(), constant("x", "Float64")),
    "a truth value for a number": call(">", column(), constant(value=True, kind="Int64")),
    "a number beyond 64 bits": call(">", column(), constant(2**63, "Int64")),
    "more digits than a Decimal has": call(">", column(), constant(100, "Decimal(2, 0)")),
    "an instant that no calendar has": call(
        "==", {"column": "happened_at"}, constant(2**62, "Timestamp")
    ),
    "no base64": call("==", {"column": "raw"}, constant("%", "Bytes")),
    "a constant of a list": call("==", column(), constant([1], "Array(Int64)")),
    "one argument of two": call(">", column()),
    "three arguments of two": call(">", column(), NUMBER, NUMBER),
    "no argument": call("~"),
    "decimals beyond all": call(">", call("round", column(), constant(99, "Int64")), NUMBER),
    "decimals that are no constant": call(">", call("round", column(), column()), NUMBER),
    "edges that fall": call("==", call("bucketize", column(), NUMBER, NUMBER), NUMBER),
    "a clock beyond a day": call(
        "==", call("hour", {"column": "happened_at"}, constant(10**12, "Int64")), NUMBER
    ),
    "no operator": call("import", column(), NUMBER),
}


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_an_expression_that_nobody_could_write_is_refused(condition: dict[str, Any]) -> None:
    *before, view = documents(LATEST)
    decoder = Decoder()
    for document in before:
        decoder.decode(document)
    with pytest.raises(UNREADABLE):
        decoder.decode({**view, "where": condition})


def test_an_expression_nests_so_deep_and_no_deeper() -> None:
    *before, view = documents(LATEST)
    condition = call("is_null", column())
    for _ in range(300):
        condition = call("~", condition)
    decoder = Decoder()
    for document in before:
        decoder.decode(document)
    with pytest.raises(ValueError, match="nests too deep"):
        decoder.decode({**view, "where": condition})


SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("mean", {"scale": True}),
    ("mean", {"scale": "6"}),
    ("mean", {"scale": 10**9}),
    ("mean", {"hop": 1}),
    ("mean", {"hop": None}),
    ("mean", {"window": None}),
    ("mean", {"n": 3}),
    ("mean", {"half_life": 1}),
    ("mean", {"edges": [NUMBER]}),
    ("mean", {"offset": 1}),
    ("last", {"n": 1.0}),
    ("last", {"n": 10**6}),
    ("by", {"limit": 0}),
    ("p", {"q": "1.5"}),
    ("p", {"q": 0.99}),
    ("h", {"edges": [NUMBER, constant(0, "Int64")]}),
    ("h", {"edges": []}),
    ("decayed", {"half_life": 0}),
]


@pytest.mark.parametrize(("feature", "change"), SETTINGS)
def test_an_aggregate_that_nobody_could_write_is_refused(
    feature: str, change: dict[str, Any]
) -> None:
    *before, view = documents(VIEW)
    decoder = Decoder()
    for document in before:
        decoder.decode(document)
    view["features"][feature] |= change
    with pytest.raises(UNREADABLE):
        decoder.decode(view)


def test_a_feature_that_a_view_lacks_is_not_read() -> None:
    *before, computed = documents(ON_DEMAND)
    text = json.dumps(computed).replace('"mean"', '"means"')
    decoder = Decoder()
    for document in before:
        decoder.decode(document)
    with pytest.raises(ValueError, match="has no feature 'means'"):
        decoder.decode(json.loads(text))


@settings(max_examples=15)
@given(st.data())
def test_whatever_users_define_is_read_as_it_was_and_compiled_to_the_same_plan(
    data: st.DataObject,
) -> None:
    view = data.draw(sources().flatmap(feature_views))
    chosen = FeatureService("drawn", features=[view, data.draw(on_demand_views(view))])
    decoder, found = Decoder(), None
    for document in documents(chosen):
        found = decoder.decode(document)
    assert isinstance(found, FeatureService)
    assert found == chosen
    assert plan_selection(found) == plan_selection(chosen)


def every_method() -> dict[str, Expr]:
    """An expression with each operator that users can write."""
    x, y, text, flag = col("x"), col("a"), col("z"), col("flag")
    at, words = col("happened_at"), col("words")
    one = [
        *(-x, abs(x), x.sqrt(), x.floor(), x.ceil(), x.sign(), x.is_null(), ~flag, x.exp()),
        *(x.expm1(), x.ln(), x.log2(), x.log10(), x.log1p(), x.sin(), x.cos(), x.tan()),
        *(x.asin(), x.acos(), x.atan(), x.tanh(), x.sigmoid(), x.round(), x.round(15)),
        *(text.str.lower(), text.str.upper(), text.str.strip(), text.str.len()),
        *(text.str.slice(0, 3), text.str.replace("a", ""), text.str.split_part("-", 1)),
        *(text.str.starts_with(""), text.str.ends_with("b"), text.str.contains("c")),
        *(at.dt.year(), at.dt.month(), at.dt.day(), at.dt.minute(), at.dt.second()),
        *(at.dt.weekday(), at.dt.ordinal_day(), at.dt.hour(utc_offset="-11:30")),
        *(at.dt.truncate("1us"), at + "1h", at - at, at.cast(Date), x.cast(Decimal(9, 2))),
        *(y.hash_mod(2**31), y.clip(0, 1), bucketize(x, [1]), bucketize(x, [0.5, 7])),
        *(words.list.len(), words.list.get(-1), words.list.contains("a"), words.list.min()),
        *(words.list.max(), words.list.count_matches("a"), words.list.first()),
        *(col("embedding").list.sum(), col("embedding").list.mean(scale=2)),
    ]
    two = [
        *(x + y, x - y, x * y, x / y, y // y, y % y, x**y, x == y, x != y, x < y, x <= y),
        *(x > y, x >= y, flag & flag, flag | flag, x.fill_null(y), nullif(x, y)),
        *(greatest(x, y, 1), least(x, y), concat(text, "a", text), atan2(x, y)),
        *(if_else(flag, x, None), haversine(x, y, 0.0, 1), x.isin([1, 2, 3]), x.between(0, 1)),
    ]
    return {f"f{number}": each for number, each in enumerate([*one, *two])}


def test_each_operator_that_users_write_is_read_again() -> None:
    written = every_method()
    used = {node.operator for each in written.values() for node in walk(each.node) if is_call(node)}
    legacy = {Operator.LOGARITHM, Operator.EXPONENTIAL, Operator.POWER}
    of_maps = {Operator.MAP_GET, Operator.MAP_LENGTH, Operator.MAP_SUM, Operator.REQUEST_TIME}
    assert set(Operator) - used == legacy | of_maps
    decoder = Decoder()
    for each in written.values():
        assert decoder._node(json.loads(json.dumps(encode_node(each.node)))) == each.node


def is_call(node: Node) -> TypeGuard[CallNode]:
    return isinstance(node, CallNode)
