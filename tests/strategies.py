"""What the property tests draw: sources, views over them, histories of events, and instants.

Columns have fixed names, so that a strategy can tell from a source alone what to draw: `key_0` and
`key_1` are keys, `clicks`, `amount` and `price` are small enough to be summed and squared without
overflow, `big` and `reading` are not and are never summed (but with `extreme=True`).
"""

from __future__ import annotations

import dataclasses
import operator
from datetime import UTC, date, datetime
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from skewless import (
    Entity,
    Every,
    FeatureView,
    OnDemandView,
    Source,
    agg,
    col,
    greatest,
    if_else,
    request_time,
)
from skewless import request as field
from skewless.definitions import types
from skewless.definitions.aggregation import ARITHMETIC, DECAYED, LISTS, TIMES, TRUTHS, Function
from skewless.definitions.duration import HOP_LADDER, Duration, default_hop
from skewless.definitions.expression import Expr, literal_node
from skewless.definitions.typing import Scope
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Float64,
    Int64,
    Map,
    String,
    Timestamp,
    Vector,
)
from tests.reference import Event, floor_to, scaled_decimal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless.definitions.aggregation import Aggregation
    from skewless.definitions.view import Role
    from skewless.types import ValueType

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SUMMABLE = ("clicks", "amount", "price")
TEXTS = ("", "a", "B", "b", "'; DROP TABLE x; --", '%s {0} \\ "', "é", "e\u0301", "😀", "\uffff")
# The epoch, its past, a day like any other, and the day on which the hops of a week turn.
ANCHORS = (20_000 * DAY, 0, -3 * DAY, 20_006 * DAY, 19_782 * DAY + 12 * HOUR)
LISTS_OF = (*map(Array, (String, Int64, Float64, Timestamp, Date)), Array(Decimal(9, 2)))
MAPS = (
    Map(String, Float64),
    Map(Int64, Decimal(9, 2)),
    Map(Bool, String),
    Map(Timestamp, Date),
    Map(Date, Timestamp),
    Map(Bytes, Int64),
)
STEPS = (1, SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY)
LATENESS = (0, 1, SECOND, MINUTE, 15 * MINUTE, 15 * MINUTE + 1, HOUR, DAY, 3 * DAY)
NUDGES = st.sampled_from((0, 0, 0, 1, 1, -1))  # on the edge, and on either side of it
WINDOWS = ("1m", "90s", "5m", "10m", "1h", "24h", "7d", "30d", None)


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """Draw a source with one or two key columns and some of the columns of every type."""
    key_types = draw(st.lists(st.sampled_from(types.KEY_TYPES), min_size=1, max_size=2))
    optional: dict[str, ValueType] = {
        "price": Decimal(*draw(st.sampled_from([(9, 2), (18, 6), (18, 18), (5, 0)]))),
        "big": Int64,
        "reading": Float64,
        "flag": Bool,
        "Order": String,  # a word of SQL, in mixed case
        "seen": Timestamp,
        "born": Date,
        "raw": Bytes,
        "tags": draw(st.sampled_from(LISTS_OF)),
        "embedding": Vector(2),
        "shares": draw(st.sampled_from(MAPS)),
        "is_deleted": Bool,
        "event_id": draw(st.sampled_from([String, Int64])),
        "rank": draw(st.sampled_from([Int64, String, Float64])),
        "at": Timestamp,
    }
    chosen = {name for name in optional if draw(st.booleans())}
    schema: dict[str, ValueType] = {f"key_{n}": type_ for n, type_ in enumerate(key_types)}
    schema |= {"clicks": Int64, "amount": Float64}
    schema |= {name: type_ for name, type_ in optional.items() if name in chosen}
    return Source(
        "events",
        schema=schema,
        event_time="at",
        delay=draw(st.sampled_from(["0s", "15m"])),
        event_id="event_id" if "event_id" in chosen else None,
        tiebreak="rank" if "rank" in chosen else None,
    )


def entity_of(source: Source) -> Entity:
    """Return the entity whose keys are the source's key columns."""
    return Entity("thing", keys={n: t for n, t in source.schema.items() if n.startswith("key_")})


@st.composite
def feature_views(
    draw: st.DrawFn,
    source: Source,
    *,
    name: str = "view",
    is_aggregated: bool | None = None,
    extreme: bool = False,
    is_of_no_entity: bool = False,
) -> FeatureView:
    """Draw a view; `extreme` also sums columns whose sums overflow."""
    if is_aggregated is None:
        is_aggregated = draw(st.booleans())
    features: dict[str, Aggregation] | list[str]
    ttl = None
    if is_aggregated:
        drawn = draw(st.lists(aggregations(source, extreme=extreme), min_size=1, max_size=4))
        features = {f"{each.function.value}_{n}": each for n, each in enumerate(drawn)}
    else:
        free = [n for n in source.columns if not n.startswith("key_") and n != "is_deleted"]
        features = draw(st.lists(st.sampled_from(free), min_size=1, max_size=4, unique=True))
        ttl = draw(st.sampled_from([None, "1us", "1m", "1h", "7d"]))
    return FeatureView(
        name,
        entity=None if is_of_no_entity else entity_of(source),
        source=source,
        features=features,
        refresh=draw(refreshes()),
        where=draw(_rarely(predicates(source))),
        ttl=ttl,
    )


@st.composite
def roles(draw: st.DrawFn, view: FeatureView) -> list[Role]:
    """Draw two or three roles of a view; some keep the names of keys, share or swap columns."""
    found = []
    for name in draw(st.sampled_from([("sender", "receiver"), ("a", "b", "view_v1_")])):
        keys = list(view.entity.keys)
        columns = draw(
            st.sampled_from(
                [
                    {key: f"{name}_{key}" for key in keys},
                    {keys[0]: f"{name}_id"},
                    dict(zip(keys, reversed(keys), strict=True)),
                    {keys[-1]: "Order"},
                ]
            )
        )
        kinds = list(view.entity.keys.values())
        if kinds != kinds[::-1]:  # a swap would give columns two types
            columns = {key: f"{name}_{key}" for key in keys}
        found.append(view.with_name(name).with_join_key_map(columns))
    return found


@st.composite
def refreshes(draw: st.DrawFn) -> Every | str:
    """Draw when a view's values move."""
    if draw(st.booleans()):
        return "stream"
    every = draw(st.sampled_from(["1d", "1h", "90m", "1m"]))
    return Every(every, delay=draw(st.sampled_from(["0s", "1s", "1m", every])))


@st.composite
def aggregations(draw: st.DrawFn, source: Source, *, extreme: bool = False) -> Aggregation:
    """Draw an aggregate that the source can feed."""
    function = draw(st.sampled_from(Function))
    window = draw(st.sampled_from(WINDOWS))
    if function in DECAYED:
        window = window or "24h"
    hops = [] if window is None else [hop for hop in HOP_LADDER if hop <= Duration.parse(window)]
    if function in DECAYED and window is not None:  # each hop has a weight
        most = Duration.parse(window).microseconds // 2_100
        hops = [hop for hop in hops if hop.microseconds >= most]
    options: dict[str, Any] = {
        "window": window,
        "hop": draw(st.sampled_from([None, *hops])),
        "where": draw(_rarely(predicates(source))),
    }
    if window is not None and draw(st.integers(0, 2)) == 2:
        hop = Duration.parse(options["hop"] or default_hop(Duration.parse(window)))
        options["offset"] = Duration(hop.microseconds * draw(st.sampled_from([1, 2, 7])))
    inputs, more = draw(_arguments(function, source, extreme=extreme))
    options |= more | draw(_parameters(function))
    if draw(st.integers(0, 3)) == 3:
        options |= draw(_keys(source, has_limit="limit" in options))
    made: Aggregation = getattr(agg, function.value)(*inputs, **options)
    default = None
    if function is not Function.COUNT_DISTINCT:
        type_ = made.result_type(Scope(columns=source.columns))
        one = type_.value if made.by is not None and isinstance(type_, types.Map) else type_
        default = draw(_defaults(one))
    return made if default is None else dataclasses.replace(made, default=literal_node(default))


@st.composite
def _arguments(
    draw: st.DrawFn, function: Function, source: Source, *, extreme: bool
) -> tuple[list[Expr | None], dict[str, Any]]:
    inputs: list[Expr | None]
    options: dict[str, Any] = {}
    if function in DECAYED:
        options["half_life"] = draw(st.sampled_from(["1us", "1m", "50m", "1h", "3d"]))
        rows = function is Function.DECAYED_COUNT and draw(st.booleans())
        inputs = [None if rows else draw(numbers(source, extreme=extreme) | predicates(source))]
    elif function in ARITHMETIC | {Function.PERCENTILE}:
        of_bool = function in (Function.SUM, Function.MEAN) and draw(st.integers(0, 3)) == 3
        inputs = [draw(predicates(source) if of_bool else numbers(source, extreme=extreme))]
        options["scale"] = draw(st.sampled_from([None, 0, 2, 9]))
    elif function in TIMES:
        inputs = []
    elif function in TRUTHS:
        inputs = [draw(predicates(source))]
    elif function is Function.COUNT:
        columns = st.sampled_from(list(source.columns)).map(col)
        inputs = [draw(st.none() | columns | numbers(source) | predicates(source))]
    elif function is Function.HISTOGRAM:
        inputs = [draw(numbers(source, extreme=True))]
    elif function is Function.COUNT_DISTINCT:
        texts = [name for name, kind in source.columns.items() if _has_text(kind)]
        inputs = [draw(st.sampled_from(texts).map(col))]
    else:
        ordered = [name for name, kind in source.columns.items() if types.is_ordered(kind)]
        inputs = [draw(st.sampled_from(ordered).map(col) | numbers(source))]
    return inputs, options


@st.composite
def _keys(draw: st.DrawFn, source: Source, *, has_limit: bool) -> dict[str, Any]:
    """Draw by what an aggregate has several values, and how many there may be."""
    columns = [name for name, kind in source.columns.items() if types.is_ordered(kind)]
    by = draw(st.sampled_from(columns).map(col) | predicates(source))
    return {"by": by} if has_limit else {"by": by, "limit": draw(st.sampled_from([1, 2, None]))}


def _has_text(kind: ValueType) -> bool:
    return types.is_ordered(kind) and kind not in (Float64, Bytes)


def _parameters(function: Function) -> st.SearchStrategy[dict[str, Any]]:
    """Draw what only some aggregates have."""
    if function in LISTS:
        return st.sampled_from([1, 2, 3, 1000]).map(lambda n: {"n": n})
    match function:
        case Function.COUNT_DISTINCT | Function.VALUE_COUNTS | Function.MODE:
            return st.sampled_from([1, 2, 5, 1000]).map(lambda limit: {"limit": limit})
        case Function.HISTOGRAM:
            edges = [-1, Number("0.25"), 0.5, 2, 3, 2**53, 2.0**63]
            some = st.lists(st.sampled_from(range(len(edges))), min_size=1, unique=True)
            return some.map(lambda places: {"edges": [edges[place] for place in sorted(places)]})
        case Function.PERCENTILE:
            return st.sampled_from([0, 0.01, 0.5, 0.99, 1.0, Number("0.25")]).map(
                lambda q: {"q": q}
            )
        case _:
            return st.just({})


def _defaults(type_: ValueType | None) -> st.SearchStrategy[Any]:
    if isinstance(type_, types.Decimal):
        # Decimal(18, 18) has no digit before the point.
        return st.sampled_from([None, 0, *([-1] if type_.precision > type_.scale else [])])
    choices: dict[ValueType | None, list[Any]] = {
        Bool: [False],
        Int64: [0, -1],
        Float64: [0, 0.5],
        String: ["none"],
        Bytes: [b""],
        Timestamp: [datetime(1969, 12, 31, tzinfo=UTC)],
        Date: [date(1969, 12, 31)],
    }
    return st.none() | st.sampled_from([None, *choices.get(type_, [])])


@st.composite
def numbers(draw: st.DrawFn, source: Source, *, extreme: bool = False) -> Expr:
    """Draw a column or an expression whose values can be summed."""
    names = [name for name in SUMMABLE if name in source.schema]
    if extreme:
        names += [name for name in ("big", "reading") if name in source.schema]
    a, b = (col(draw(st.sampled_from(names))) for _ in range(2))
    if draw(st.booleans()):
        return a
    forms: list[Callable[[Expr, Expr], Expr]] = [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, _: a / col("clicks"),
        lambda a, _: a * 0.1,
        lambda a, _: abs(a).sqrt(),
        lambda a, _: (a * 3.0).floor(),
        lambda a, _: (a / 7).ceil(),
        lambda a, _: (-a).sqrt().fill_null(-a),
        lambda a, b: a.fill_null(b),
        lambda a, _: a.fill_null(0),
        lambda a, b: if_else(a > b, a, b),
        lambda a, b: greatest(a, b, 0),
        lambda a, _: a.clip(-1, 2),
        lambda a, _: (a / 3).round(2),
        lambda a, _: a.cast(Int64) // 3,
    ]
    return draw(st.sampled_from(forms))(a, b)


def predicates(source: Source) -> st.SearchStrategy[Expr]:
    """Draw a condition on a row."""
    return st.recursive(
        _comparisons(source),
        lambda inner: st.one_of(
            inner.map(operator.invert),
            st.builds(operator.and_, inner, inner),
            st.builds(operator.or_, inner, inner),
        ),
        max_leaves=3,
    )


def _rarely(strategy: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr | None]:
    return st.integers(0, 3).flatmap(lambda n: strategy if n == 3 else st.none())


@st.composite
def _comparisons(draw: st.DrawFn, source: Source) -> Expr:
    name = draw(st.sampled_from(list(source.columns)))
    kind = source.columns[name]
    if not types.is_ordered(kind) or draw(st.integers(0, 5)) == 5:
        return col(name).is_null()
    if kind == Bool:
        return col(name)
    compare = draw(st.sampled_from(_TESTS))
    if types.is_numeric(kind):
        others = [n for n, other in source.columns.items() if types.is_numeric(other)]
        literals = st.sampled_from([0, 1, 0.1, -0.5, 2**53, 2**63 - 1])
        found: Expr = compare(col(name), draw(literals | st.sampled_from(others).map(col)))
        return found
    alike: dict[ValueType, Sequence[Any]] = {
        String: TEXTS,
        Bytes: (b"", b"a", b"\xff"),
        Timestamp: tuple(datetime.fromtimestamp(at // SECOND, UTC) for at in ANCHORS),
        Date: (date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)),
    }
    value = draw(st.sampled_from(alike[kind]))
    if draw(st.booleans()):
        return col(name).isin([value, alike[kind][0]])
    compared: Expr = compare(col(name), value)
    return compared


_TESTS: list[Callable[[Any, Any], Any]] = [
    operator.gt,
    operator.ge,
    operator.lt,
    operator.le,
    operator.eq,
    operator.ne,
]


@st.composite
def histories(
    draw: st.DrawFn,
    source: Source,
    *,
    max_events: int = 12,
    extreme: bool = False,
    fast_clocks: bool = False,
) -> list[Event]:
    """Draw events of a few entities, many of them late, repeated, or at the same instants.

    With `fast_clocks` some carry an event time after their ingest time, as before the front door.
    """
    anchor = draw(st.sampled_from(ANCHORS))
    steps = st.builds(operator.mul, st.sampled_from(STEPS), st.integers(-3, 3))
    moments = st.builds(lambda step, delta: anchor + step + delta, steps, NUDGES)
    moment = st.sampled_from(draw(st.lists(moments, min_size=1, max_size=5, unique=True)))
    entity = entity_of(source)
    few = draw(st.lists(_complete_keys(entity), min_size=1, max_size=2))
    nobody = dict.fromkeys(entity.keys) | dict(list(few[0].items())[1:])  # one column is null
    keys = st.sampled_from([*few, *few, nobody])
    row = st.fixed_dictionaries(
        {
            name: _values(name, kind, extreme=extreme)
            for name, kind in source.schema.items()
            if name not in entity.keys and name != source.event_time
        }
    )
    least = draw(st.integers(0, max_events // 2))
    lateness = st.sampled_from((*LATENESS, -1, -HOUR) if fast_clocks else LATENESS)
    rows = st.tuples(keys, row, moment, lateness)
    drawn = draw(st.lists(rows, min_size=least, max_size=max_events))
    return [
        Event({**key, **row, source.event_time: at}, at, at + late, sequence)
        for sequence, (key, row, at, late) in enumerate(drawn)
    ]


def _complete_keys(entity: Entity) -> st.SearchStrategy[dict[str, Any]]:
    choices: dict[ValueType, Sequence[Any]] = {
        String: ("a", "b", "", "a#b", "'; DROP TABLE x; --", "😀"),
        Int64: (0, 1, -1, 2**63 - 1, -(2**63)),
        Bool: (False, True),
        Timestamp: (0, -1, 20_000 * DAY),
        Date: (0, -1, 20_000),
        Bytes: (b"a", b"", b"\x00", b"\xff"),
    }
    return st.fixed_dictionaries(
        {name: st.sampled_from(choices[kind]) for name, kind in entity.keys.items()}
    )


def _values(name: str, type_: ValueType, *, extreme: bool) -> st.SearchStrategy[Any]:
    if name == "event_id":
        return st.sampled_from(["e1", "", None] if type_ == String else [1, 2, None])
    if name == "clicks" and not extreme:
        return st.none() | st.integers(-3, 3) | st.sampled_from([10**6, -(10**6), 0])
    if name == "amount" and not extreme:
        return st.none() | _small_floats()
    if name == "rank":
        few: dict[ValueType, list[Any]] = {Int64: [0, 1, 2], String: ["", "a", "é"]}
        return st.sampled_from([None, *few.get(type_, [0.0, -0.0, 0.5])])
    return st.none() | _values_of(type_)


def _small_floats() -> st.SearchStrategy[float]:
    awkward = [0.0, -0.0, 0.5, -0.5, 0.1, 0.2, 0.3, 1.005, 5e-7, -5e-7, 123456.789012]
    cents = st.integers(-9_999, 9_999).map(lambda x: x / 100)
    return st.sampled_from(awkward) | cents | st.floats(-1e6, 1e6)


def _values_of(type_: ValueType) -> st.SearchStrategy[Any]:
    match type_:
        case types.Decimal(precision, scale):
            limit = min(10**precision - 1, 10 ** (scale + 6))
            return st.integers(-limit, limit).map(lambda x: scaled_decimal(x, scale))
        case types.Array(element):
            return st.lists(_values_of(element), max_size=3).map(tuple)
        case types.Map(key, kind):
            return st.dictionaries(_values_of(key), _values_of(kind), max_size=3)
        case types.Vector(size):
            return st.lists(_values_of(Float64), min_size=size, max_size=size).map(tuple)
        case _:
            return _SCALARS[type_]


_SCALARS: dict[ValueType, st.SearchStrategy[Any]] = {
    Bool: st.booleans(),
    Int64: st.sampled_from([0, 2**63 - 1, -(2**63), 2**53, 2**53 + 1])
    | st.integers(-(2**63), 2**63 - 1),
    Float64: st.sampled_from([0.0, -0.0, 0.1, 5e-324, -1e308, 2.0**53])
    | st.floats(allow_nan=False, allow_infinity=False),
    String: st.sampled_from((*TEXTS, "a\x00b", "\n\t")) | st.text(max_size=3),
    Timestamp: st.sampled_from([0, -1, 1, *ANCHORS]) | st.integers(-80 * 365 * DAY, 80 * 365 * DAY),
    Date: st.sampled_from([0, -1, 19_782, -719_162, 2_932_896]) | st.integers(-30_000, 30_000),
    Bytes: st.sampled_from([b"", b"\x00", b"\xff"]) | st.binary(max_size=3),
}


def entity_keys(view: FeatureView, history: Sequence[Event]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the key of an entity of the history, now and then of one that it may not hold."""
    known = [{name: event.values[name] for name in view.entity.keys} for event in history]
    whole = [key for key in known if None not in key.values()]
    unseen = _complete_keys(view.entity)
    if not whole:
        return unseen
    return st.integers(0, 5).flatmap(lambda n: unseen if n == 5 else st.sampled_from(whole))


@st.composite
def instants(draw: st.DrawFn, view: FeatureView, history: Sequence[Event]) -> int:
    """Draw an instant t at, or next to, one at which the value may change."""
    times = sorted({time for e in history for time in (e.event_time, e.ingest_time)})
    time = draw(st.sampled_from(times or [0]))
    cut = time + draw(st.sampled_from([0, 0, MINUTE, HOUR, DAY, 4 * DAY]))
    windows = [
        (back, each.hop.microseconds)
        for each in view.aggregations.values()
        if each.window is not None and each.hop is not None
        for back in _edges(each.window.microseconds, each.offset)
    ]
    if draw(st.booleans()) and windows:  # the instants at which an edge reaches and passes it
        window, hop = draw(st.sampled_from(windows))
        time = draw(st.sampled_from([event.event_time for event in history] or [0]))
        cut = floor_to(time, hop) + window + draw(st.sampled_from([0, hop]))
    if view.ttl is not None and draw(st.booleans()):
        cut = time + view.ttl.microseconds
    if isinstance(view.refresh, Every):
        every = view.refresh.every.microseconds
        cut = -floor_to(-cut, every) + view.refresh.delay.microseconds
    return cut + draw(NUDGES)


def _edges(window: int, offset: Duration | None) -> list[int]:
    return [window] if offset is None else [offset.microseconds, window + offset.microseconds]


@st.composite
def on_demand_views(draw: st.DrawFn, view: FeatureView) -> OnDemandView:
    """Draw expressions over the view's features and a request field, `weight`."""
    kinds = view.feature_types.items()
    numeric: list[Expr] = [view[name] for name, kind in kinds if types.is_numeric(kind)]
    numeric = numeric or [field("weight")]
    a, b = (draw(st.integers(0, len(numeric) - 1).map(numeric.__getitem__)) for _ in range(2))
    forms: Mapping[str, Callable[[Expr, Expr], Expr]] = {
        "share": lambda a, b: a / b,
        "scaled": lambda a, _: (a * field("weight")).floor(),
        "least": lambda a, b: if_else(a <= b, a, b),
        "known": lambda a, b: a.is_not_null() & (a.fill_null(b) > field("weight")),
        "hour": lambda _a, _b: request_time().dt.hour(utc_offset="+05:30"),
        "near": lambda a, b: greatest(a, b).round(1),
        "root": lambda a, b: (a - b).sqrt().fill_null(field("weight")),
    }
    names = draw(st.lists(st.sampled_from(list(forms)), min_size=1, unique=True))
    return OnDemandView(
        "on_demand",
        request={"weight": Float64},
        features={name: forms[name](a, b) for name in names},
    )


def requests() -> st.SearchStrategy[dict[str, Any]]:
    """Draw what the caller of an on-demand view sends."""
    return st.fixed_dictionaries({"weight": st.none() | _small_floats()})
