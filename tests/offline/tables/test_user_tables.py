"""A user's table of Glue: its partitions, its types, and what is refused, alike by both engines."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as Exact
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skewless.errors import InputError, SkewlessError
from skewless.ingest.normalise import normalise
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.frames.incoming import to_arrow
from skewless.offline.tables.projection import projected
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
from tests.offline.events import a_source, events_read_by
from tests.offline.layouts import NOON
from tests.offline.tables.test_user_files import register
from tests.offline.user_lake import a_glue_table, put

if TYPE_CHECKING:
    from pathlib import Path

    from skewless.aws import Aws, Resources
    from skewless.offline.lake.log import EventLog
    from skewless.types import ValueType

NAIVE = NOON.replace(tzinfo=None)
AT = {"at": "timestamp"}
# What a table declares, a file's column, the type of a source, and the physical values of it.
READ: list[Any] = [
    ("bigint", pa.array([1, None], pa.int32()), Int64, [1, None]),
    ("int", pa.array([1], pa.int64()), Int64, [1]),
    ("tinyint", pa.array([1], pa.int8()), Int64, [1]),
    ("decimal(18,0)", pa.array([Exact(7)], pa.decimal128(18, 0)), Int64, [7]),
    ("double", pa.array([0.1], pa.float32()), Float64, [0.10000000149011612]),
    ("float", pa.array([0.1], pa.float32()), Float64, [0.10000000149011612]),
    ("decimal(10,2)", pa.array([Exact("1.5")], pa.decimal128(5, 1)), Decimal(10, 2), [150]),
    ("string", pa.array([b"\xc3\xbc"], pa.binary()), String, ["ü"]),
    ("string", pa.array(["a", None]).dictionary_encode(), String, ["a", None]),
    ("string", pa.array(["a"], pa.large_string()), String, ["a"]),
    ("varchar(2)", pa.array(["äöü"]), String, ["äö"]),
    ("binary", pa.array(["ü"]), Bytes, [b"\xc3\xbc"]),
    ("boolean", pa.array([True]), Bool, [True]),
    ("timestamp", pa.array([1_500_000_500], pa.timestamp("us")), Timestamp, [1_500_001_000]),
    ("timestamp", pa.array([-500], pa.timestamp("us", "UTC")), Timestamp, [0]),
    ("timestamp", pa.array([-501], pa.timestamp("us")), Timestamp, [-1000]),
    ("timestamp", pa.array([1_499_999], pa.timestamp("ns")), Timestamp, [1000]),
    ("timestamp", pa.array([7], pa.timestamp("ms")), Timestamp, [7000]),
    ("date", pa.array([date(1969, 12, 31), None]), Date, [-1, None]),
    ("date", pa.array([1], pa.int32()), Date, [1]),
    ("array<date>", pa.array([[date(1970, 1, 2)], None, []]), Array(Date), [[1], None, []]),
    (
        "array<double>",
        pa.array([[-0.0, 1.0], [1.0, None], [math.nan], [math.inf]]),
        Array(Float64),
        [[0.0, 1.0], None, None, None],
    ),
    (
        "array<double>",
        pa.array([[1.0, 2.0], [1.0], [], None, [1.0, None]]),
        Vector(2),
        [[1.0, 2.0], None, None, None, None],
    ),
    (
        "array<decimal(5,1)>",
        pa.array([[Exact("1.5")], [None], []], pa.list_(pa.decimal128(5, 1))),
        Array(Decimal(10, 2)),
        [[150], None, []],
    ),
    ("array<string>", pa.array([["a", ""], [None]]), Array(String), [["a", ""], None]),
    (
        "array<timestamp>",
        pa.array([[1_500_000_500], None], pa.list_(pa.timestamp("us"))),
        Array(Timestamp),
        [[1_500_001_000], None],
    ),
    (
        "map<string,double>",
        pa.array(
            [[("b", -0.0), ("a", 1.0)], [("a", math.nan)], [("a", None)], None],
            pa.map_(pa.string(), pa.float32()),
        ),
        Map(String, Float64),
        [{"b": 0.0, "a": 1.0}, None, None, None],
    ),
    (
        "map<bigint,timestamp>",
        pa.array([[(1, 1_500_000_000)], []], pa.map_(pa.int32(), pa.timestamp("us"))),
        Map(Int64, Timestamp),
        [{1: 1_500_000_000}, {}],
    ),
    (
        "map<date,decimal(5,1)>",
        pa.array([[(date(1970, 1, 2), Exact("1.5"))]], pa.map_(pa.date32(), pa.decimal128(5, 1))),
        Map(Date, Decimal(10, 2)),
        [{1: 150}],
    ),
    ("array<bigint>", pa.array([[1, 2], None, []], pa.list_(pa.int32())), Array(Int64), None),
]
# What no engine reads as declared.
REFUSED: list[Any] = [
    ("bigint", pa.array(["1"]), Int64),
    ("bigint", pa.array([1.0]), Int64),
    ("float", pa.array([1.0], pa.float64()), Float64),
    ("decimal(10,2)", pa.array([Exact("1.5")], pa.decimal256(40, 1)), Decimal(10, 2)),
    ("boolean", pa.array([1]), Bool),
    ("timestamp", pa.array([1], pa.int64()), Timestamp),
    ("timestamp", pa.array([1], pa.date32()), Timestamp),
    ("date", pa.array([NAIVE]), Date),
    ("array<bigint>", pa.array([1]), Array(Int64)),
    ("array<bigint>", pa.array([["1"]]), Array(Int64)),
]
# What Trino has come to read, and Athena is not known to.
REFUSED_BY_ATHENA: list[Any] = [
    ("double", pa.array([1]), Float64),
    ("string", pa.array([1]), String),
]


def a_file(aws: Aws, place: str, key: str = "events/0", **columns: Any) -> None:
    rows = len(next(iter(columns.values()))) if columns else 1
    put(aws, place, key, pa.table({"at": [NAIVE] * rows, **columns}))


def read_by_both(
    log: EventLog, aws: Aws, resources: Resources, name: str, type_: ValueType = Int64
) -> list[Any]:
    """Return the values of the column `x`, which both engines must agree about."""
    source = a_source({"x": type_}, table=name)
    found = events_read_by(DuckDbEngine(log), source, "x")
    assert events_read_by(AthenaEngine(aws, resources), source, "x") == found
    return sorted((row["x"] for row in found), key=str)


def refusals(
    log: EventLog, aws: Aws, resources: Resources, name: str, type_: ValueType = Int64
) -> list[str]:
    """Return what the two engines say when they refuse."""
    source, said = a_source({"x": type_}, table=name), []
    for engine in (DuckDbEngine(log), AthenaEngine(aws, resources)):
        with pytest.raises(SkewlessError) as refused:
            events_read_by(engine, source, "x")
        said.append(str(refused.value))
    return said


def project(
    aws: Aws,
    place: str,
    keys: dict[str, str],
    stored: dict[str, Any] | None = None,
    **properties: str,
) -> str:
    name = a_glue_table(aws, place, {"x": "bigint", **AT}, keys, **(stored or {}))
    table = aws.client("glue").get_table(DatabaseName=place, Name="events")["Table"]
    kept = {key: table[key] for key in ("Name", "PartitionKeys", "StorageDescriptor")}
    kept["Parameters"] = {"projection.enabled": "true"} | {
        key.replace("__", "."): value for key, value in properties.items()
    }
    aws.client("glue").update_table(DatabaseName=place, TableInput=kept)
    return name


def test_a_projected_table_has_the_partitions_that_its_properties_say(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    place = resources.database
    for number, folder in enumerate(("kind=a/hour=07", "kind=b/hour=08", "kind=c/hour=07")):
        a_file(aws, place, f"events/{folder}/{number}", x=[number])
    a_file(aws, place, "events/kind=a/hour=7/not-of-two-digits", x=[9])
    a_file(aws, place, "events/kind=a/hour=07/_temporary/0", x=[9])
    name = project(
        aws,
        place,
        {"kind": "string", "hour": "int"},
        projection__kind__type="enum",
        projection__kind__values="a,b",
        projection__hour__type="integer",
        projection__hour__range="7,8",
        projection__hour__digits="2",
    )
    assert read_by_both(log, aws, resources, name) == [0, 1]
    rows = to_arrow(name, aws).sort_by("x").select(["kind", "hour"]).to_pylist()
    assert rows == [{"kind": "a", "hour": 7}, {"kind": "b", "hour": 8}]


def test_a_projection_of_dates_ends_now_and_is_where_its_template_says(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    place, today = resources.database, datetime.now(UTC)
    for days in (0, 1, 40):
        a_file(aws, place, f"lake/{today - timedelta(days=days):%Y/%m/%d}/0", x=[days])
    name = project(
        aws,
        place,
        {"day": "string"},
        projection__day__type="date",
        projection__day__range="NOW-30DAYS,NOW",
        projection__day__format="yyyy/MM/dd",
        storage__location__template=f"s3://{place}/lake/${{day}}",
    )
    assert read_by_both(log, aws, resources, name) == [0, 1]


def test_injected_values_are_refused_by_both(log: EventLog, aws: Aws, resources: Resources) -> None:
    name = project(
        aws, resources.database, {"device": "string"}, projection__device__type="injected"
    )
    for said in refusals(log, aws, resources, name):
        assert "the values of its partition key 'device' are injected" in said
    with pytest.raises(InputError, match="'device' are injected"):
        to_arrow(name, aws)


DAYS = {"projection.d.type": "date", "projection.d.format": "yyyy-MM-dd"}


@pytest.mark.parametrize(
    ("properties", "values"),
    [
        ({**DAYS, "projection.d.range": "2024-02-28,2024-03-01"}, ["2024-02-28", "2024-02-29"]),
        (
            {
                **DAYS,
                "projection.d.range": "2024-01-01,2024-01-20",
                "projection.d.interval": "1",
                "projection.d.interval.unit": "WEEKS",
            },
            ["2024-01-01", "2024-01-08"],
        ),
        (
            {**DAYS, "projection.d.format": "yyyyMM", "projection.d.range": "202312,202401"},
            ["202312", "202401"],
        ),
        (
            {
                **DAYS,
                "projection.d.format": "yyyy-MM-dd'T'HH",
                "projection.d.range": "NOW-1HOURS,NOW",
                "projection.d.interval.unit": "HOURS",
            },
            ["2024-05-01T11", "2024-05-01T12"],
        ),
        ({"projection.d.type": "integer", "projection.d.range": "-1,5"}, ["-1", "0"]),
    ],
)
def test_ranges_are_counted_through(properties: dict[str, str], values: list[str]) -> None:
    found = projected(described(properties), NOON)
    assert [one.values[0] for one in found][:2] == values


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"projection.d.type": "list"}, "it is enum, integer, date or injected"),
        ({}, "no property projection.d.type"),
        (DAYS, "no property projection.d.range"),
        ({**DAYS, "projection.d.range": "2024,NOW"}, "'2024' is not of its format"),
        ({**DAYS, "projection.d.range": "NOW,2020-01-01"}, "its first end comes first"),
        ({**DAYS, "projection.d.format": "yyyy-MMM"}, "'MMM' is not read"),
        (
            {**DAYS, "projection.d.format": "yyyyMMddHH", "projection.d.range": "NOW,NOW"},
            "no property projection.d.interval.unit",
        ),
        (
            {"projection.d.type": "integer", "projection.d.range": "0,2147483647"},
            "more than 1,000,000 partitions",
        ),
    ],
)
def test_a_projection_that_is_wrong_says_how(properties: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        projected(described(properties), NOON)


def test_values_are_escaped_in_folders_as_hive_does() -> None:
    (one,) = projected(
        described({"projection.d.type": "enum", "projection.d.values": "a:b ü"}), NOON
    )
    assert one.location == "s3://lake/t/d=a%3Ab ü/"


def described(properties: dict[str, str]) -> dict[str, Any]:
    return {
        "DatabaseName": "lake",
        "Name": "t",
        "PartitionKeys": [{"Name": "d", "Type": "string"}],
        "StorageDescriptor": {"Location": "s3://lake/t"},
        "Parameters": {"projection.enabled": "TRUE", **properties},
    }


def test_a_partition_is_where_it_was_registered(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    place = resources.database
    name = a_glue_table(aws, place, {"x": "bigint", **AT}, {"day": "date"})
    a_file(aws, place, "elsewhere/_old/2024/0", x=[1])
    a_file(aws, place, "events/day=2024-05-02/0", x=[2])
    register(aws, place, ["2024-05-01"], f"s3://{place}/elsewhere/_old/2024")
    register(aws, place, ["__HIVE_DEFAULT_PARTITION__"], f"s3a://{place}/none/")
    assert read_by_both(log, aws, resources, name) == [1]
    assert to_arrow(name, aws)["day"].to_pylist() == [date(2024, 5, 1)]


def test_the_partitions_value_counts_where_the_file_has_one_as_well(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    place = resources.database
    name = a_glue_table(aws, place, AT, {"x": "bigint"})
    a_file(aws, place, "events/x=1/0", x=["one"])
    register(aws, place, ["1"], f"s3://{place}/events/x=1/")
    assert read_by_both(log, aws, resources, name) == [1]


@pytest.mark.parametrize(
    ("declared", "column", "type_", "values"),
    READ,
    ids=str,
)
def test_what_a_file_holds_is_read_as_the_table_declares_it(
    log: EventLog,
    aws: Aws,
    resources: Resources,
    declared: str,
    column: Any,
    type_: ValueType,
    values: Any,
) -> None:
    name = a_glue_table(aws, resources.database, {"x": declared, **AT})
    a_file(aws, resources.database, x=column)
    found = read_by_both(log, aws, resources, name, type_)
    expected = column.to_pylist() if values is None else values
    assert found == sorted(expected, key=str)


@pytest.mark.parametrize(
    ("declared", "column", "type_"),
    [*REFUSED, *REFUSED_BY_ATHENA],
    ids=str,
)
def test_a_file_of_another_type_is_refused_by_both(
    log: EventLog, aws: Aws, resources: Resources, declared: str, column: Any, type_: ValueType
) -> None:
    name = a_glue_table(aws, resources.database, {"x": declared, **AT})
    a_file(aws, resources.database, x=column)
    here, athena = refusals(log, aws, resources, name, type_)
    assert "column 'x' in s3://" in here
    assert f"declared {declared}, and Athena does not read that" in here
    assert "HIVE_BAD_DATA: Field x's type" in athena


@pytest.mark.parametrize(
    ("declared", "type_"),
    [
        ("double", Int64),
        ("bigint", Float64),
        ("string", Int64),
        ("char(3)", String),
        ("date", Timestamp),
        ("timestamp", Date),
        ("decimal(10,3)", Decimal(10, 2)),
        ("decimal(10,2)", Float64),
        ("array<string>", Array(Int64)),
        ("map<string,string>", Map(String, Int64)),
        ("map<bigint,string>", Map(String, String)),
        ("array<bigint>", Map(String, Int64)),
    ],
    ids=str,
)
def test_a_declared_type_that_does_not_fit_the_source_is_refused_in_the_same_words(
    log: EventLog, aws: Aws, resources: Resources, declared: str, type_: ValueType
) -> None:
    name = a_glue_table(aws, resources.database, {"x": declared, **AT})
    here, athena = refusals(log, aws, resources, name, type_)
    assert here == athena
    assert f"column 'x' is {declared}, of which {type_} cannot be made" in here


def test_columns_of_types_that_nobody_reads_do_not_hinder(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    others = {"a": "char(2)", "b": "map<string,int>", "c": "uniontype<int>", "d": "double"}
    name = a_glue_table(aws, resources.database, {"X": "bigint", **others, **AT})
    a_file(aws, resources.database, x=[1], a=["z "], d=["no double"])
    assert read_by_both(log, aws, resources, name) == [1]
    source = a_source()
    found = normalise(to_arrow(name, aws, source.columns, only=True), source)
    assert found.accepted["x"].to_pylist() == [1]
    assert to_arrow(name, aws, {"x": Int64})["d"].to_pylist() == ["no double"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"TableType": "VIRTUAL_VIEW"}, "is a view"),
        ({"Parameters": {"table_type": "DELTA"}}, "is a table of Delta Lake"),
        ({"Parameters": {"spark.sql.sources.provider": "delta"}}, "is a table of Delta Lake"),
        ({"InputFormat": "org.apache.hudi.hadoop.HoodieParquetInputFormat"}, "is a table of Hudi"),
        ({"InputFormat": "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat"}, "is not Parquet but"),
        (
            {"InputFormat": "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"},
            "is not Parquet but",
        ),
        (
            {"SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"}},
            "is not Parquet but",
        ),
        (
            {"SerdeInfo": {"Parameters": {"parquet.column.index.access": "true"}}},
            "finds its columns by their place",
        ),
        ({"Location": "hdfs://namenode/t"}, "which is no s3:// address"),
    ],
)
def test_a_table_that_this_process_cannot_read_is_refused_with_the_way_out(
    log: EventLog, aws: Aws, place: str, changed: dict[str, Any], told: str
) -> None:
    stored = {k: v for k, v in changed.items() if k in ("InputFormat", "SerdeInfo", "Location")}
    name = a_glue_table(aws, place, {"x": "bigint", **AT}, **stored)
    table = aws.client("glue").get_table(DatabaseName=place, Name="events")["Table"]
    kept = {key: table[key] for key in ("Name", "PartitionKeys", "StorageDescriptor")}
    kept |= {key: value for key, value in changed.items() if key not in stored}
    aws.client("glue").update_table(DatabaseName=place, TableInput=kept)
    for read in (
        lambda: to_arrow(name, aws),
        lambda: events_read_by(DuckDbEngine(log), a_source(table=name), "x"),
    ):
        with pytest.raises(InputError, match=told) as refused:
            read()
        assert repr(name) in str(refused.value)
        assert "engine='athena'" in str(refused.value) or "Location" in changed


def test_a_partition_of_another_type_is_refused_by_both(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    place = resources.database
    name = a_glue_table(aws, place, {"x": "bigint", **AT}, {"day": "string"})
    for day, type_ in (("a", "int"), ("b", "string")):
        a_file(aws, place, f"events/day={day}/0", x=pa.array([1], pa.int32()))
        columns = [{"Name": "x", "Type": type_}]
        register(aws, place, [day], f"s3://{place}/events/day={day}/", Columns=columns)
    for said in refusals(log, aws, resources, name):
        assert "HIVE_PARTITION_SCHEMA_MISMATCH" in said
        assert "its partition b declares 'x' as string, and the table as bigint" in said


def test_int96_holds_the_last_day_there_is_and_its_nanoseconds_are_not_cut(
    aws: Aws, place: str, tmp_path: Path
) -> None:
    last, early = datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1, 1, 1)  # noqa: DTZ001
    table = pa.table({"at": pa.array([last, early, NAIVE], pa.timestamp("us"))})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    put(aws, place, "events/0", path.read_bytes())
    name = a_glue_table(aws, place, AT)
    aware = [time.replace(tzinfo=UTC) for time in (last, early, NAIVE)]
    assert to_arrow(path)["at"].to_pylist() == [last, early, NAIVE]
    assert to_arrow(name, aws)["at"].to_pylist() == aware
    exact = pa.table({"at": pa.array([1, -999, 2000], pa.timestamp("ns"))})
    pq.write_table(exact, path, use_deprecated_int96_timestamps=True)
    assert to_arrow(path).equals(exact)


def test_nanoseconds_of_a_table_are_refused_row_by_row(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"x": "bigint", **AT})
    put(
        aws,
        place,
        "events/0",
        pa.table({"x": [1, 2], "at": pa.array([1, 2000], pa.timestamp("ns"))}),
    )
    source = a_source()
    found = normalise(to_arrow(name, aws, source.columns, only=True), source)
    assert found.accepted["x"].to_pylist() == [2]
    assert "whole microseconds" in found.rejected["reason"][0].as_py()


@pytest.mark.parametrize(
    ("log_of", "told"),
    [
        ("_delta_log/00000000000000000000.json", "is a table of Delta Lake"),
        (".hoodie/hoodie.properties", "is a table of Hudi"),
        ("metadata/00000-1.metadata.json", "is a table of Iceberg"),
    ],
)
def test_a_folder_of_a_table_format_is_refused(
    aws: Aws, place: str, tmp_path: Path, log_of: str, told: str
) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "part.parquet")
    (tmp_path / log_of).parent.mkdir()
    (tmp_path / log_of).write_text("{}")
    put(aws, place, "t/part.parquet", (tmp_path / "part.parquet").read_bytes())
    put(aws, place, f"t/{log_of}", b"{}")
    for name in (tmp_path, f"s3://{place}/t"):
        with pytest.raises(InputError, match=told):
            to_arrow(name, aws)


def test_a_file_of_a_folder_that_is_not_parquet_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "part.parquet")
    (tmp_path / "notes.txt").write_text("not a table")
    with pytest.raises(InputError, match=r"notes\.txt cannot be read as Parquet"):
        to_arrow(tmp_path)


def a_partitioned_folder(folder: Path, *values: str, **columns: Any) -> Path:
    for value in values:
        (folder / f"x={value}").mkdir()
        pq.write_table(pa.table({"k": ["a"], **columns}), folder / f"x={value}/0.parquet")
    return folder


def test_values_of_folders_are_numbers_only_if_they_are_spelled_so(tmp_path: Path) -> None:
    folder = a_partitioned_folder(tmp_path, "7", "10", "__HIVE_DEFAULT_PARTITION__")
    assert sorted(to_arrow(folder)["x"].to_pylist(), key=str) == [10, 7, None]
    (folder / "x=007").mkdir()
    pq.write_table(pa.table({"k": ["a"]}), folder / "x=007/0.parquet")
    assert sorted(to_arrow(folder)["x"].to_pylist(), key=str) == ["007", "10", "7", None]


@pytest.mark.parametrize(
    ("type_", "value"),
    [(String, "10"), (Int64, 10), (Float64, 10.0), (Decimal(5, 1), Exact("10.0"))],
    ids=str,
)
def test_values_of_folders_have_the_type_that_is_asked_for(
    tmp_path: Path, type_: ValueType, value: Any
) -> None:
    assert (
        to_arrow(a_partitioned_folder(tmp_path, "10"), None, {"x": type_})["x"][0].as_py() == value
    )


def test_a_column_may_stand_in_the_folder_and_in_the_file_if_they_agree(tmp_path: Path) -> None:
    folder = a_partitioned_folder(tmp_path, "10", x=pa.array([10], pa.int32()))
    assert to_arrow(folder)["x"].to_pylist() == [10]
    (folder / "x=11").mkdir()
    pq.write_table(pa.table({"k": ["a"], "x": [12]}), folder / "x=11/0.parquet")
    with pytest.raises(InputError, match="lies in a folder x=11, and its own column 'x' has other"):
        to_arrow(folder)


def test_folders_of_different_keys_are_refused(tmp_path: Path) -> None:
    folder = a_partitioned_folder(tmp_path, "1")
    pq.write_table(pa.table({"k": ["b"]}), folder / "0.parquet")
    with pytest.raises(InputError, match=r"lie in folders of different keys: none, and x="):
        to_arrow(folder)


def test_a_row_without_an_event_time_or_an_ingest_time_is_not_read(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    place, kind = resources.database, pa.timestamp("us")
    columns = {
        "x": pa.array([1, 2, 3, 4]),
        "at": pa.array([NAIVE, None, NAIVE, None], kind),
        "known": pa.array([NAIVE, NAIVE, None, None], kind),
    }
    put(aws, place, "events/0", pa.table(columns))
    name = a_glue_table(aws, place, {"x": "bigint", **AT, "known": "timestamp"})
    by_known = a_source({"x": Int64, "known": Timestamp}, table=name, ingest_time="known")
    for source, wanted in ((by_known, [1]), (a_source(table=name), [1, 3])):
        for engine in (DuckDbEngine(log), AthenaEngine(aws, resources)):
            assert [row["x"] for row in events_read_by(engine, source, "x")] == wanted
