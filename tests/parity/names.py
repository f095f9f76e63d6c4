"""Hostile names for every role, and definitions that bear them.

The pool is what a name of a user could meet: each identifier of our own statements, the words of
Trino and DuckDB, their hidden columns, and all of it in other cases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import sqlglot
from hypothesis import strategies as st
from sqlglot import exp

from skewless import Entity, Every, FeatureView, OnDemandView, Source, agg, col, request
from skewless.definitions.names import RESERVED_PREFIX, SYSTEM_COLUMNS
from skewless.types import Bool, Float64, Int64, String
from tests.offline.query.test_identifiers import STATEMENTS
from tests.reference import DAY, Event

if TYPE_CHECKING:
    from collections.abc import Iterable

# https://trino.io/docs/current/language/reserved.html
TRINO = """
alter and as between by case cast constraint create cross cube current_catalog current_date
current_path current_role current_schema current_time current_timestamp current_user deallocate
delete describe distinct drop else end escape except exists extract false for from full group
grouping having in inner insert intersect into is join json_array json_exists json_object
json_query json_table json_value left like listagg localtime localtimestamp natural normalize not
null on or order outer prepare recursive right rollup select skip table then trim true uescape
union unnest using values when where with
"""
HIDDEN = """
rowid oid ctid tableoid filename file_row_number file_index hive_partitioning main temp
information_schema pg_catalog duckdb_tables sqlite_master _file _pos _partition _spec_id _deleted
__index_level_0__ index level_0 element list item key_value map entries pk sk b w
"""
OURS = """
event_timestamp as_of horizon entity spine tiles features points axis joined lanes parts candidates
ranked winners placed sets found changed seen logged source_rows picked states lines labels rows
row key day columns column given feature view source x_features x_events status quarantine manifest
"""
LONG = ("l" * 99 + "a", "l" * 99 + "b", "_" * 99 + "c")


@cache
def pool() -> tuple[str, ...]:
    """Every name that is worth trying, once."""
    words = f"{TRINO} {HIDDEN} {OURS}".split()
    found: dict[str, None] = dict.fromkeys((*words, *LONG))
    for engine, statement in STATEMENTS.values():
        tree = sqlglot.parse_one(statement(), read=engine.value)
        found.update(dict.fromkeys(item.name for item in tree.find_all(exp.Identifier)))
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT keyword_name FROM duckdb_keywords()").fetchall()
    found.update(dict.fromkeys(name for (name,) in rows))
    return tuple(found)


@cache
def object_names() -> tuple[str, ...]:
    """Those that may name a source, an entity or a view."""
    shape = re.compile(r"[a-z][a-z0-9_]{0,99}")
    return tuple(
        name
        for name in pool()
        if shape.fullmatch(name) and "__" not in name and not name.startswith(RESERVED_PREFIX)
    )


@cache
def column_names() -> tuple[str, ...]:
    """Those that may name a column, key, feature or request field, in two cases or three."""
    shape = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
    found = [
        name
        for name in pool()
        if shape.fullmatch(name)
        if name.lower() not in (*SYSTEM_COLUMNS, "is_deleted")
        if not name.lower().startswith(RESERVED_PREFIX)
    ]
    cased = [case for name in found for case in (name, name.upper(), name.capitalize())]
    return tuple(dict.fromkeys(cased))


@dataclass(frozen=True)
class Named:
    """Definitions whose names are drawn.

    Attributes:
        timestamp: what the labels call their instants.
    """

    source: Source
    sums: FeatureView
    latest: FeatureView
    on_demand: OnDemandView
    timestamp: str

    @property
    def views(self) -> tuple[FeatureView, FeatureView]:
        return self.sums, self.latest

    @property
    def selection(self) -> list[tuple[Any, str]]:
        every = (*self.views, self.on_demand)
        return [(view, name) for view in every for name in view.feature_types]


def _unlike(count: int, others: Iterable[str] = ()) -> st.SearchStrategy[list[str]]:
    """Draw names of columns that differ from one another, and from others, beyond case."""
    taken = {name.lower() for name in others}
    free = [name for name in column_names() if name.lower() not in taken]
    return st.lists(
        st.sampled_from(free), min_size=count, max_size=count, unique_by=lambda name: name.lower()
    )


@st.composite
def definitions(draw: st.DrawFn) -> Named:
    """Draw a source with every kind of column, and views of every kind over it."""
    text, number, at, amount, count, id_, rank = draw(_unlike(7))
    keys = {text: String, number: Int64}
    schema = {**keys, amount: Float64, count: Int64, id_: String, rank: Int64}
    source = Source(
        draw(st.sampled_from(object_names())),
        schema={**schema, "is_deleted": Bool},
        event_time=at,
        event_id=id_,
        tiebreak=rank,
    )
    entity = Entity(draw(st.sampled_from(object_names())), keys=keys)
    views = draw(st.lists(st.sampled_from(object_names()), min_size=3, max_size=3, unique=True))
    # Features of two views may be called alike: then they are told apart in the output.
    features = draw(_unlike(6, keys))
    (asked, timestamp) = draw(_unlike(2, [*keys, *features, amount, count, at, rank]))
    sums = FeatureView(
        views[0],
        entity=entity,
        source=source,
        refresh="stream",
        where=col(count).is_null() | (col(count) < 5),
        features=dict(zip(features, _aggregates(amount, count), strict=True)),
    )
    latest = FeatureView(
        views[1],
        entity=entity,
        source=source,
        refresh=Every("1d"),
        ttl="7d",
        features=[amount, at, rank, count],
    )
    of = draw(_unlike(2, [*keys, asked]))
    on_demand = OnDemandView(
        views[2],
        request={asked: Float64},
        features={
            of[0]: sums[features[0]] / latest[amount] + request(asked),
            of[1]: (latest[rank] > 0) | sums[features[3]].is_null(),
        },
    )
    return Named(source, sums, latest, on_demand, timestamp)


def _aggregates(amount: str, count: str) -> list[Any]:
    return [
        agg.sum(amount, window="7d"),
        agg.stddev_samp(amount, window="1h"),
        agg.min(col(amount) + col(count), window="7d"),
        agg.first(count, window="7d"),
        agg.last(amount, window="7d", where=col(count) > 0),
        agg.max(count, window=None, default=-1),
    ]


@st.composite
def histories(draw: st.DrawFn, named: Named, *, is_prompt: bool = False) -> list[Event]:
    """Draw events of three entities within some days; prompt ones are known when they happen."""
    text, number, amount, count, id_, rank, deleted = named.source.schema
    late = st.just(0) if is_prompt else st.sampled_from([0, 0, 1, DAY // 24, 2 * DAY])
    rows = st.tuples(
        st.fixed_dictionaries(
            {
                text: st.sampled_from(["a", "b"]),
                number: st.sampled_from([1, 1, 2]),
                amount: st.sampled_from([None, 0.1, 0.2, -1.5]),
                count: st.sampled_from([None, 0, 1, 7]),
                id_: st.sampled_from([None, "x", "y"]),
                rank: st.sampled_from([None, 0, 1]),
                deleted: st.sampled_from([None, False, False, True]),
            }
        ),
        st.integers(0, 4 * 24).map(lambda hours: START + hours * DAY // 24),
        late,
    )
    drawn = sorted(draw(st.lists(rows, min_size=4, max_size=12)), key=lambda row: row[1:])
    return [
        Event({**row, named.source.event_time: at}, at, at + more, sequence)
        for sequence, (row, at, more) in enumerate(drawn)
    ]


START = 20_000 * DAY


@st.composite
def labels(draw: st.DrawFn, named: Named) -> list[tuple[dict[str, Any], int]]:
    """Draw rows of keys and request fields, each with its instant."""
    text, number = named.sums.entity.keys
    (asked,) = named.on_demand.request
    row = st.fixed_dictionaries(
        {
            text: st.sampled_from(["a", "b"]),
            number: st.sampled_from([1, 2]),
            asked: st.sampled_from([None, 0.5]),
        }
    )
    at = st.integers(1, 6 * 24).map(lambda hours: START + hours * DAY // 24)
    return draw(st.lists(st.tuples(row, at), min_size=1, max_size=4))
