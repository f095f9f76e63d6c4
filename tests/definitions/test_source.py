from __future__ import annotations

from typing import Any

import pytest

from skewless import Duration, Source, col
from skewless.errors import DefinitionError
from skewless.types import Array, Bool, Decimal, Int64, String, Timestamp, Vector


def a_source(name: Any = "events", **options: Any) -> Source:
    schema = {"user": String, "event": String}
    return Source(name, **{"schema": schema, "event_time": "at", **options})


def problems(name: Any = "events", **options: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        a_source(name, **options)
    return str(caught.value)


def test_the_event_time_is_a_column_whether_the_schema_names_it_or_not() -> None:
    assert a_source().columns["at"] == Timestamp
    named = a_source(schema={"at": Timestamp, "user": String})
    assert list(named.columns) == ["at", "user"]


@pytest.mark.parametrize("schema", [{}, None, ["user"]])
def test_a_source_needs_a_schema(schema: object) -> None:
    assert problems(schema=schema) == (
        "Source 'events': schema must map at least one column to its type"
    )


def test_an_event_time_must_be_a_timestamp() -> None:
    assert problems(event_time="user") == (
        "Source 'events': the event time 'user' is String, not a Timestamp"
    )


@pytest.mark.parametrize("name", ["ingest_time", "skewless_x", "Ingest_Sequence"])
def test_a_column_of_the_store_s_own_is_refused(name: str) -> None:
    expected = (
        f"Source 'events': the column name {name!r} is reserved for the store; choose another"
    )
    assert problems(schema={name: Int64}) == expected
    assert problems(event_time=name) == expected


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("ingest_time_day", "the partitions of a log"),
        ("Ingest_Time_Day", "the partitions of a log"),
        ("__filename", "a column that Arrow adds when it reads a table"),
    ],
)
def test_a_column_that_could_not_be_stored_or_read_is_refused(name: str, taken: str) -> None:
    expected = f"Source 'events': the column {name!r} has the name of {taken}; choose another"
    assert problems(schema={name: Int64}) == expected
    assert problems(event_time=name) == expected


def test_columns_that_differ_only_by_case_are_refused_with_the_event_time_among_them() -> None:
    assert problems(schema={"At": String}) == (
        "Source 'events': the column names 'At' and 'at' differ only by case"
    )


def test_a_type_that_is_none_is_refused_with_those_that_are() -> None:
    assert problems(schema={"a": "string"}) == (
        "Source 'events': column 'a': 'string' is not a type; use Bool, Int64, Float64, "
        "Decimal(p, s), String, Timestamp, Date, Bytes, Array(T), Map(K, V) or "
        "Vector(n) of skewless.types"
    )


def test_types_out_of_range_are_refused() -> None:
    schema = {"a": Decimal(19, 2), "b": Decimal(4, 5), "c": Array(Array(String)), "d": Vector(0)}  # type: ignore[arg-type]
    assert problems(schema=schema) == (
        "Source 'events' has 4 problems:\n"
        "  - column 'a': Decimal(19, 2): the precision must be 1 to 18\n"
        "  - column 'b': Decimal(4, 5): the scale must be 0 to precision\n"
        "  - column 'c': Array(Array(String)): elements must be scalars or Decimals\n"
        "  - column 'd': Vector(0): the size must be at least 1"
    )


def test_an_event_id_that_is_no_column_is_refused_with_the_near_miss() -> None:
    assert problems(event_id="evnt") == (
        "Source 'events': event_id 'evnt' is not in the schema. Did you mean 'event'?"
    )


def test_a_tiebreak_must_have_an_order() -> None:
    assert problems(schema={"tags": Array(String)}, tiebreak="tags") == (
        "Source 'events': tiebreak 'tags' is Array(String), which has no order"
    )


def test_a_tombstone_is_true_or_false() -> None:
    assert a_source(schema={"is_deleted": Bool}).has_tombstones
    assert not a_source().has_tombstones
    assert problems(schema={"is_deleted": Int64}) == (
        "Source 'events': 'is_deleted' marks tombstones and must be Bool, not Int64"
    )


def test_a_table_is_named_as_glue_names_it() -> None:
    assert a_source(table="lake.flights").table == "lake.flights"
    assert problems(table="flights") == (
        "Source 'events': table 'flights' must be 'database.table' as Glue names them"
    )


def test_a_table_or_a_history_has_an_ingest_time_of_its_own() -> None:
    of_table = a_source(table="lake.flights", ingest_time="known_at")
    assert (of_table.ingest_time, of_table.arrival) == ("known_at", None)
    assert of_table.history_columns == of_table.columns
    of_history = a_source(ingest_time="known_at")
    assert (of_history.ingest_time, of_history.arrival) == ("known_at", "known_at")
    assert of_history.history_columns == {**of_history.columns, "known_at": Timestamp}
    assert "known_at" not in of_history.columns
    assert a_source(ingest_time="ingest_time").arrival == "ingest_time"
    assert problems(ingest_time="user") == (
        "Source 'events': ingest_time 'user' must be a Timestamp"
    )
    assert problems(table="lake.x", ingest_time="user") == (
        "Source 'events': ingest_time 'user' must be a Timestamp"
    )


def test_a_delay_is_a_duration() -> None:
    assert a_source(delay="15m").delay == Duration.parse("15m")
    assert problems(delay="soon").startswith("Source 'events': delay: 'soon' is not a duration")


def test_all_problems_come_in_one_error() -> None:
    found = problems("Events", schema={"a b": String}, event_id="x", delay="soon", table="t")
    assert found.startswith("Source 'Events' has 5 problems:\n")


def test_names_that_are_words_of_python_are_names() -> None:
    source = a_source("class", schema={"lambda": Int64, "None": String}, event_time="from")
    assert list(source.columns) == ["lambda", "None", "from"]


def test_the_ingest_time_of_a_table_is_a_column_like_others() -> None:
    assert problems(table="lake.x", ingest_time="AT") == (
        "Source 'events': the column names 'at' and 'AT' differ only by case"
    )
    assert problems(table="lake.x", ingest_time="known at") == (
        "Source 'events': the column name 'known at' must be letters, digits and _, no digit first"
    )
    assert a_source(table="lake.x", ingest_time="ingest_time").ingest_time == "ingest_time"


def test_a_tombstone_in_other_letters_is_not_overlooked() -> None:
    assert problems(schema={"Is_Deleted": Bool}) == (
        "Source 'events': the column 'Is_Deleted' would mark tombstones if it were called "
        "'is_deleted'"
    )


@pytest.mark.parametrize("label", ["event_time", "event_id", "tiebreak", "ingest_time"])
@pytest.mark.parametrize("value", [3, ["at"], col("at")], ids=repr)
def test_a_column_is_given_by_its_name(label: str, value: object) -> None:
    assert problems(table="lake.x", **{label: value}) == (
        f"Source 'events': {label} is {value!r}; give the name of a column"
    )


@pytest.mark.parametrize(
    "type_",
    [
        Decimal("9", 2),  # type: ignore[arg-type]
        Decimal(9, None),  # type: ignore[arg-type]
        Decimal(precision=True),
        Vector("8"),  # type: ignore[arg-type]
        Vector(size=True),
        Array(col("a")),  # type: ignore[arg-type]
        Array(["x"]),  # type: ignore[arg-type]
        col("a"),
        int,
    ],
    ids=repr,
)
def test_odd_types_are_refused_and_never_fail(type_: object) -> None:
    assert problems(schema={"a": type_}).startswith("Source 'events': column 'a': ")


def test_tags_are_a_mapping() -> None:
    assert problems(tags=3) == (
        "Source 'events': the tags must map text to text, for example {'tier': 'gold'}, not 3"
    )


def test_equality_is_meaning_and_a_description_has_none() -> None:
    told = a_source(description="Events", owner="us", tags={"tier": "gold"})
    assert a_source() == told
    assert hash(a_source()) == hash(told)
    for change in ({"delay": "1m"}, {"event_id": "event"}, {"tiebreak": "event"}):
        assert a_source() != a_source(**change)
