"""Plans: what history and serving must do for a view, as frozen data that a test can compare.

An aggregated view keeps *tiles*: for each hop of its windows, the partials of each measure by
floor(event_time, hop). A window is the tiles from its left edge on. It needs no right edge, because
every event in a state was ingested, and so happened, before T. With an offset it ends between two
tiles before T.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler import instants
from skewless.compiler.binding import bind
from skewless.compiler.bound import (
    Apply,
    Bound,
    Column,
    Feature,
    Primitive,
    Typed,
    features_of,
    parts_of,
)
from skewless.compiler.collected import Collected, kept_of
from skewless.compiler.decay import weights
from skewless.compiler.fingerprint import fingerprint
from skewless.compiler.finish import DECAYED_SUM, INSTANT, effective_scale, finish, units
from skewless.compiler.measured import measured
from skewless.compiler.partials import KEPT, PICKED, Partial
from skewless.definitions import types
from skewless.definitions.aggregation import SUMMED, TIMES, Aggregation, Function
from skewless.definitions.expression import RequestNode
from skewless.definitions.names import versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService, SelectedFeature, once, select
from skewless.definitions.view import FeatureView, view_behind
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from skewless.compiler.fingerprint import Known
    from skewless.compiler.partials import Kept
    from skewless.definitions.python_function import PythonFunction
    from skewless.definitions.service import AnyView
    from skewless.definitions.types import ValueType
    from skewless.definitions.version import Version
    from skewless.definitions.view import Role


@dataclass(frozen=True, slots=True)
class Measure:
    """The input of aggregates: the events for which `where` is true and `value` is not null.

    Attributes:
        value: the input; None counts rows.
        units: its integer units, where sums are taken.
        type: the input's type; None for rows.
        where: the feature's own condition.
        scale: a unit is 10^-scale.
    """

    value: Bound | None
    units: Bound | None
    type: ValueType | None
    where: Bound | None
    scale: int

    @property
    def may_be_uncountable(self) -> bool:
        """Whether the units of a value may leave 64 bits: those of a double are a product."""
        return self.units is not None and self.type == types.Float64


@dataclass(frozen=True, slots=True)
class TileColumn:
    """A partial of a measure, by its index in the plan.

    Attributes:
        most: how much of its events a tile keeps, where it collects them; else 0.
    """

    measure: int
    partial: Partial
    most: int = 0

    @property
    def kept(self) -> Kept:
        """How the partial is kept; whoever stores or reads it goes by this."""
        return kept_of(self.partial, self.most)


@dataclass(frozen=True, slots=True)
class By:
    """Tiles, or results, for each value of a key.

    Attributes:
        key: index of the key in the plan.
        limit: how many keys there may be: in a tile, or in a feature's window.
    """

    key: int
    limit: int


@dataclass(frozen=True, slots=True)
class TileSet:
    """Tiles of one hop, kept as long as the longest window over them looks back.

    Attributes:
        hop: width of a tile in microseconds; None for a single tile of all history.
        retention: how far back windows begin at most, in microseconds; None for all history.
        columns: the partials, in the order they are packed.
        by: where there is a tile for each key that has events: then all columns are of one measure,
            so that a key is there exactly if the measure counts an event of it.
    """

    hop: int | None
    retention: int | None
    columns: tuple[TileColumn, ...]
    by: By | None = None

    @property
    def measure(self) -> int:
        """The measure of all columns of a set by keys."""
        return self.columns[0].measure


@dataclass(frozen=True, slots=True)
class AggregatePlan:
    """The computation of one feature from the tiles.

    Attributes:
        measure: index of its measure.
        tile_set: index of its tile set.
        window: its length in microseconds; None for all history.
        finish: the value over partials and T; None where another partial is the value.
        picked: min, max, first or last.
        default: physical value that replaces null.
        collected: how the value is made of what tiles collect; None if it is not.
        offset: by how many microseconds the window ends before T, rounded down to the hop; 0 where
            it ends at T.
        weights: of an aggregate that decays, by how many hops a tile lies before that of T.
        type: of the value; where there is one for each key, of one of them.
        by: where there is a value for each key.
    """

    name: str
    measure: int
    tile_set: int
    window: int | None
    type: ValueType
    finish: Bound | None
    picked: Partial | None
    default: Any
    collected: Collected | None = None
    offset: int = 0
    weights: tuple[int, ...] = ()
    by: By | None = None

    @property
    def reads(self) -> tuple[Partial, ...]:
        """The partials from which the value is computed, in their order; none for a pick."""
        return _reads(self.finish)

    @property
    def extremes(self) -> tuple[Partial, ...]:
        """Those of `reads` that are the least or greatest of the values."""
        return tuple(each for each in self.reads if KEPT[each].choose is not None)

    @property
    def chosen(self) -> tuple[Partial, ...]:
        """The partials that are not added up: the value itself, or those that it is made of."""
        return self.extremes if self.picked is None else (self.picked,)

    @property
    def weighted(self) -> tuple[Partial, ...]:
        """The partials that are added up with the weights of their tiles, the count first."""
        if not self.weights:
            return ()
        return (Partial.COUNT, *(each for each in self.reads if each is Partial.SUM))

    @property
    def reads_instant(self) -> bool:
        """Whether the value depends on T itself."""
        return _reads_instant(self.finish)

    @property
    def is_narrow(self) -> bool:
        """Whether the value is an exact integer that has to fit in 64 bits."""
        return _is_narrow(self.finish)


@dataclass(frozen=True, slots=True)
class ViewPlan:
    """A view made explicit.

    Attributes:
        columns: of a latest-value view, the features and their types; else empty.
        where: the view's condition.
        aggregates, measures, tile_sets: of an aggregated view; else empty.
        keys: by which aggregates have several values.
    """

    view: FeatureView
    fingerprint: str
    where: Bound | None
    columns: tuple[tuple[str, ValueType], ...]
    aggregates: tuple[AggregatePlan, ...]
    measures: tuple[Measure, ...]
    tile_sets: tuple[TileSet, ...]
    keys: tuple[Typed, ...] = ()

    @property
    def name(self) -> str:
        """What the view is called: `name@version`."""
        return versioned(self.view.name, self.view.version)

    def may_overflow(self, aggregate: AggregatePlan) -> bool:
        """Say whether an aggregate's value may leave the range of exact integers.

        A sum of 64-bit units reaches 38 digits with 10^19 rows; the sum of their squares with two.
        """
        return aggregate.by is not None or self.may_fail(aggregate)

    def may_fail(self, aggregate: AggregatePlan) -> bool:
        """Say the same of a value for one key, and not for the reason of too many keys."""
        reads = aggregate.reads
        return (
            (aggregate.collected is not None and aggregate.collected.may_overflow)
            or Partial.SQUARES in reads
            or aggregate.is_narrow
            or (Partial.SUM in reads and self.measures[aggregate.measure].may_be_uncountable)
        )

    def is_failure(self, aggregate: AggregatePlan) -> bool:
        """Say whether an overflow of a value, or of one in a map, is an error.

        Too many values, or keys, are null by definition.
        """
        is_limited = aggregate.collected is not None and aggregate.collected.is_limited
        return self.may_fail(aggregate) and not is_limited

    @property
    def key_types(self) -> tuple[ValueType, ...]:
        """The types of the entity's key columns."""
        return tuple(self.view.entity.keys.values())

    @property
    def longest_window(self) -> int | None:
        """Microseconds that any window reaches back from T, hop included; None for all history."""
        reach = [
            None if tiles.retention is None or tiles.hop is None else tiles.retention + tiles.hop
            for tiles in self.tile_sets
        ]
        known = [span for span in reach if span is not None]
        return max(known) if reach and len(known) == len(reach) else None

    def counted_from(self, cut: int, since: int) -> int | None:
        """Return the earliest ingest time whose rows can count for a cut; None for all history.

        Args:
            cut: microseconds.
            since: the cut before. Changed entities are looked for from there, even if their windows
                are shorter.
        """
        reach = self.longest_window
        return None if reach is None else min(cut - reach - instants.DEDUPLICATION_SPAN, since)

    @property
    def tiebreak_type(self) -> ValueType | None:
        """The type of the source's tiebreak column, if it has one."""
        name = self.view.source.tiebreak
        return None if name is None else self.view.source.columns[name]


@dataclass(frozen=True, slots=True)
class OnDemandPlan:
    """One on-demand view: its features as expressions over features and request fields.

    Attributes:
        features: by name; of a function that stays Python there are none, and it is called.
        arguments: of a function, by the names of its parameters.
        why_called: why a function stays Python.
    """

    view: OnDemandView
    features: tuple[tuple[str, Typed], ...]
    arguments: tuple[tuple[str, Typed], ...] = ()
    why_called: str = ""

    @property
    def is_called(self) -> bool:
        """Whether a Python function computes the features."""
        return not self.features

    @property
    def made(self) -> tuple[Feature, ...]:
        """The features, as expressions name them."""
        view = self.view
        return tuple(Feature(view.name, view.version, name) for name in view.feature_types)

    @property
    def reads(self) -> frozenset[Feature]:
        """The features that these are computed from."""
        typed = (each for _, each in (*self.features, *self.arguments))
        return frozenset().union(*(features_of(each.bound) for each in typed))


@dataclass(frozen=True, slots=True)
class RolePlan:
    """A view where a row asks for it; a view without a role stands under its own name.

    Attributes:
        read: the view or the role.
        plan: the view's plan.
    """

    read: FeatureView | Role
    plan: ViewPlan

    @property
    def columns(self) -> Mapping[str, str]:
        """For each key of the entity the column of a row that holds it."""
        return self.read.columns_of_keys

    def feature(self, name: str) -> Feature:
        """Return a feature as expressions name it."""
        return Feature(self.read.name, self.read.version, name)


@dataclass(frozen=True, slots=True)
class SelectionPlan:
    """The features of a request or a training set.

    Attributes:
        selected: the output columns in order.
        views: the feature views to read, each once.
        roles: the views in each role that a row has for them.
        on_demand: the on-demand views, those that others read first.
        request: the fields that the caller must give.
    """

    selected: tuple[SelectedFeature, ...]
    views: tuple[ViewPlan, ...]
    roles: tuple[RolePlan, ...]
    on_demand: tuple[OnDemandPlan, ...]
    request: tuple[tuple[str, ValueType], ...]

    @property
    def after_sql(self) -> tuple[OnDemandPlan, ...]:
        """The on-demand views that no SQL computes: functions, and what reads their features."""
        late: dict[OnDemandPlan, frozenset[Feature]] = {}
        for plan in self.on_demand:
            before = frozenset().union(*late.values())
            if plan.is_called or plan.reads & before:
                late[plan] = frozenset(plan.made)
        return tuple(late)

    @property
    def in_sql(self) -> tuple[OnDemandPlan, ...]:
        """The other on-demand views."""
        late = self.after_sql
        return tuple(plan for plan in self.on_demand if plan not in late)

    @property
    def keys(self) -> dict[str, ValueType]:
        """All columns of a row that hold keys, by name."""
        return {
            role.columns[key]: type_
            for role in self.roles
            for key, type_ in role.plan.view.entity.keys.items()
        }

    @property
    def labels(self) -> tuple[str, ...]:
        """The roles' labels in an answer: the name, or `name@version` if two versions are read.

        The name alone stands for the first part of a view that features were added to; the others
        have their version. This is the only place with that rule; looking up a view's status uses
        it too.
        """
        majors = Counter(name for name, _ in {_major_of(role.read) for role in self.roles})
        first: dict[tuple[str, int], Version] = {}
        for role in self.roles:
            key, version = _major_of(role.read), role.read.version
            first[key] = min(first.get(key, version), version)
        return tuple(
            role.read.name
            if majors[role.read.name] == 1 and role.read.version == first[_major_of(role.read)]
            else versioned(role.read.name, role.read.version)
            for role in self.roles
        )


def _major_of(view: FeatureView | Role) -> tuple[str, int]:
    return view.name, view.version.major


def plan_view(view: FeatureView, known: Known | None = None) -> ViewPlan:
    """Compile one view; `known` is as for `fingerprint`."""
    columns = view.source.columns
    where = None if view.where is None else bind(view.where, columns).bound
    if not view.is_aggregated:
        latest = tuple((name, columns[name]) for name in view.columns)
        return ViewPlan(view, fingerprint(view, known), where, latest, (), (), ())
    # Sorted by name, because the order of aggregates is not part of the fingerprint.
    summed = {_input(item) for item in view.aggregations.values() if item.function in SUMMED}
    measured = {
        name: _measure(item, view, columns, is_summed=_input(item) in summed)
        for name, item in sorted(view.aggregations.items())
    }
    measures = {each: index for index, each in enumerate(dict.fromkeys(measured.values()))}
    keys = _keys(view)
    places = {
        name: _Place(_hop(item), _by(item, view, keys), measures[measured[name]])
        for name, item in view.aggregations.items()
    }
    sets = {place.tiles: None for place in sorted(places.values(), key=_Place.order)}
    numbers = {tiles: index for index, tiles in enumerate(sets)}
    aggregates = tuple(
        AggregatePlan(
            name,
            places[name].measure,
            numbers[places[name].tiles],
            None if item.window is None else item.window.microseconds,
            _type_of_one(item, view.feature_types[name]),
            finish(item.function, measured[name].type, measured[name].scale),
            PICKED.get(item.function),
            _default(item, _type_of_one(item, view.feature_types[name])),
            Collected.of(item, _collected_scale(item, view)),
            0 if item.offset is None else item.offset.microseconds,
            _weights(item),
            places[name].by,
        )
        for name, item in view.aggregations.items()
    )
    tile_sets = tuple(
        _tile_set(hop, [each for each in aggregates if each.tile_set == index])
        for index, (hop, *_) in enumerate(sets)
    )
    return ViewPlan(
        view,
        fingerprint(view, known),
        where,
        (),
        aggregates,
        tuple(measures),
        tile_sets,
        tuple(keys),
    )


def plan_selection(
    features: FeatureService | Iterable[tuple[AnyView, str]],
    *,
    full_names: bool = False,
    planned: Callable[[FeatureView], ViewPlan] = plan_view,
) -> SelectionPlan:
    """Compile a selection of features.

    Args:
        features: the selection.
        full_names: whether outputs are named `view__feature`.
        planned: compiles a view, or has compiled it before.

    Raises:
        DefinitionError: two columns would have one name.
    """
    flat = features.features if isinstance(features, FeatureService) else tuple(features)
    selected = select(flat, full_names=full_names)
    read: dict[FeatureView | Role, None] = {}
    on_demand: dict[OnDemandView, None] = {}
    for view in once(item.view for item in selected):
        if isinstance(view, OnDemandView):
            on_demand.update(dict.fromkeys(_with_dependencies(view)))
            read.update(dict.fromkeys(view.views))
        else:
            read[view] = None
    behind = {each: view_behind(each) for each in read}
    plans = {view: planned(view) for view in once(behind.values())}
    request: dict[str, ValueType] = {}
    for on_demand_view in on_demand:
        request.update(on_demand_view.request)
    return SelectionPlan(
        selected,
        tuple(plans.values()),
        tuple(RolePlan(each, plans[view]) for each, view in behind.items()),
        tuple(plan_on_demand(view) for view in on_demand),
        tuple(request.items()),
    )


def _with_dependencies(view: OnDemandView) -> list[OnDemandView]:
    below = [part for node in view.dependencies for part in _with_dependencies(node)]
    return [*below, view]


def plan_on_demand(view: OnDemandView) -> OnDemandPlan:
    """Compile one on-demand view."""
    if view.function is not None:
        return _plan_function(view, view.function)
    return OnDemandPlan(
        view,
        tuple((name, bind(node, {}, view.request)) for name, node in view.expressions.items()),
    )


def _plan_function(view: OnDemandView, function: PythonFunction) -> OnDemandPlan:
    from skewless.compiler.judged_function import written  # noqa: PLC0415 - few plans need it

    nodes = [*function.inputs, *map(RequestNode, view.request)]
    arguments = tuple(
        (name, bind(node, {}, view.request))
        for name, node in zip(function.parameters, nodes, strict=True)
    )
    found = written(function.source, function.name, arguments, view.feature_types)
    if isinstance(found, str):
        return OnDemandPlan(view, (), arguments, found)
    return OnDemandPlan(view, found, arguments)


class _Place(NamedTuple):
    """Where an aggregate's partials are: a set of tiles has one hop, and maybe keys."""

    hop: int | None
    by: By | None
    measure: int

    @property
    def tiles(self) -> tuple[int | None, int | None, int | None]:
        """What one set has in common: of keys, one measure."""
        return (self.hop, None, None) if self.by is None else (self.hop, self.by.key, self.measure)

    def order(self) -> tuple[Any, ...]:
        """Order sets: those of keys last."""
        _, key, measure = self.tiles
        return key is not None, key or 0, self.hop is None, self.hop or 0, measure or 0


def _keys(view: FeatureView) -> dict[Typed, int]:
    """Number the keys; sorted by name, since the order of features means nothing."""
    columns = view.source.columns
    found = [bind(item.by, columns) for _, item in sorted(view.aggregations.items()) if item.by]
    return {key: number for number, key in enumerate(dict.fromkeys(found))}


def _by(item: Aggregation, view: FeatureView, keys: Mapping[Typed, int]) -> By | None:
    if item.by is None:
        return None
    return By(keys[bind(item.by, view.source.columns)], item.parameters.limit or 0)


def _type_of_one(item: Aggregation, type_: ValueType) -> ValueType:
    return type_ if item.by is None or not isinstance(type_, types.Map) else type_.value


def _hop(item: Aggregation) -> int | None:
    return None if item.hop is None else item.hop.microseconds


def _measure(
    item: Aggregation, view: FeatureView, columns: Mapping[str, ValueType], *, is_summed: bool
) -> Measure:
    """Return the measure of an aggregate; `is_summed` says whether sums are kept of it."""
    where = None if item.where is None else bind(item.where, columns).bound
    if item.function in TIMES:
        return Measure(Column(view.source.event_time), None, types.Timestamp, where, 0)
    if item.input is None:
        return Measure(None, None, None, where, 0)
    value = bind(item.input, columns)
    collected = measured(item, value, where, columns)
    if collected is not None:
        return Measure(collected.value, None, types.Int64, collected.where, 0)
    scale = effective_scale(value.type, item.scale) if is_summed else 0
    sums = units(value.bound, value.type, scale) if is_summed else None
    return Measure(value.bound, sums, value.type, where, scale)


def _collected_scale(item: Aggregation, view: FeatureView) -> int:
    if item.function is not Function.PERCENTILE or item.input is None:
        return 0
    return effective_scale(bind(item.input, view.source.columns).type, item.scale)


def _input(item: Aggregation) -> tuple[object, ...]:
    return item.input, item.where, item.scale


@lru_cache(maxsize=1024)  # `finish` returns few, and each feature asks several times
def _reads(bound: Bound | None) -> tuple[Partial, ...]:
    names = {part.name for part in parts_of(bound) if isinstance(part, Column)}
    names |= {Partial.SUM.value} if DECAYED_SUM.name in names else set()
    return tuple(partial for partial in Partial if partial.value in names)


@lru_cache(maxsize=1024)
def _reads_instant(bound: Bound | None) -> bool:
    return INSTANT in parts_of(bound)


@lru_cache(maxsize=1024)
def _is_narrow(bound: Bound | None) -> bool:
    return any(
        isinstance(part, Apply) and part.primitive is Primitive.NARROW for part in parts_of(bound)
    )


def _tile_set(hop: int | None, aggregates: Sequence[AggregatePlan]) -> TileSet:
    """Return the tiles of the aggregates of one hop; the count of values is always kept."""
    kept = {
        TileColumn(each.measure, part)
        for each in aggregates
        for part in (Partial.COUNT, *(each.reads if each.picked is None else (each.picked,)))
    }
    collected: dict[tuple[int, Partial], int] = {}
    for each in aggregates:
        if each.collected is not None:  # a longer list begins as a shorter one
            key = each.measure, each.collected.partial
            collected[key] = max(collected.get(key, 0), each.collected.most)
    kept |= {TileColumn(*key, most) for key, most in collected.items()}
    order = list(Partial)
    return TileSet(
        hop,
        max(
            (each.window + each.offset for each in aggregates if each.window is not None),
            default=None,
        ),
        tuple(sorted(kept, key=lambda column: (column.measure, order.index(column.partial)))),
        _widest([each.by for each in aggregates if each.by is not None]),
    )


def _widest(found: Sequence[By]) -> By | None:
    return max(found, key=lambda by: by.limit, default=None)


def _weights(item: Aggregation) -> tuple[int, ...]:
    if item.half_life is None or item.window is None or item.hop is None:
        return ()
    offset = 0 if item.offset is None else item.offset.microseconds
    reach = item.window.microseconds + offset
    return weights(reach, item.hop.microseconds, item.half_life.microseconds)


def _default(item: Aggregation, type_: ValueType) -> Any:
    if item.default is None:
        return None
    value = item.default.value
    match type_:
        case types.Float64:
            return float(value)
        case types.Decimal(scale=scale) if item.default.type == types.Int64:
            return int(value) * 10**scale  # any other default is in the feature's units already
        case _:
            return value
