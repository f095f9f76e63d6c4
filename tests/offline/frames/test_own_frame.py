"""A user's frame of labels: read where it must be, left alone where nobody reads."""

from __future__ import annotations

import copy
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.errors import InputError
from skewless.offline.frames.own_frame import own_frame

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
OBJECTS: list[Any] = [
    "CV", 46, 4.5, True, None, 2**70, uuid.UUID(int=1), {1, 2}, frozenset({3}), {"a": 1}, {"b": 2},
    [1, "x"], (1,), Decimal("1.5"), b"x", NOON, date(2024, 5, 1), timedelta(1), object, 1 + 2j,
    np.float32(1), np.array([1, 2]).tolist(), pd.Interval(0, 1), pd.Period("2020"),
]  # fmt: skip
SERIES: dict[str, Any] = {
    "zoned": lambda n: pd.date_range("2024-05-01 09:00", periods=n, freq="h", tz=NEW_YORK),
    "naive": lambda n: pd.date_range("2024", periods=n, freq="D"),
    "category": lambda n: pd.Categorical(["b", "a", "c"][:n], categories=["c", "b", "a"]),
    "ordered": lambda n: pd.Categorical([2, 1, 2][:n], ordered=True),
    "period": lambda n: pd.period_range("2020", periods=n, freq="M"),
    "interval": lambda n: pd.interval_range(0, n),
    "sparse": lambda n: pd.arrays.SparseArray([0.0, 0.0, 1.5][:n]),
    "duration": lambda n: pd.to_timedelta(range(n), unit="s"),
    "int8": lambda n: np.arange(n, dtype="int8"),
    "Int64": lambda n: pd.Series([1, None, 3][:n], dtype="Int64"),
    "boolean": lambda n: pd.array([True, None, False][:n], "boolean"),
    "string": lambda n: pd.array(["a", None, "c"][:n], "string"),
    "arrow": lambda n: pd.Series([[1], None, [2]][:n], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    "complex": lambda n: np.arange(n) * 1j,
    "float16": lambda n: np.arange(n, dtype="float16"),
}
INDEXES: dict[str, Any] = {
    "range": pd.RangeIndex,
    "shuffled": lambda n: pd.Index([7, 3, 5][:n], name="id"),
    "duplicated": lambda n: pd.Index(["a", "a", "b"][:n]),
    "times": lambda n: pd.date_range("2024", periods=n, tz=NEW_YORK, name="t"),
    "levels": lambda n: pd.MultiIndex.from_arrays([range(n), ["x"] * n], names=["i", None]),
    "periods": lambda n: pd.period_range("2020", periods=n, freq="D"),
    "categories": lambda n: pd.CategoricalIndex(["u", "u", "v"][:n]),
    "missing": lambda n: pd.Index([1.0, None, 2.0][:n]),
}
FEATURES = pa.table(
    {"x": pa.array([1, None, 3]), "m": pa.array([None, Decimal("1.5"), Decimal("2.5")])}
)


@st.composite
def pandas_frames(draw: st.DrawFn) -> Any:
    rows = draw(st.integers(1, 3))
    columns: list[tuple[Any, Any]] = [("k", ["a", "b", "c"][:rows])]
    kinds = draw(st.lists(st.sampled_from(sorted(SERIES)), max_size=4))
    names = [draw(st.sampled_from([kind, "same", 7, 1.5, None])) for kind in kinds]
    columns += [(name, SERIES[kind](rows)) for name, kind in zip(names, kinds, strict=True)]
    mixed = draw(st.lists(st.sampled_from(OBJECTS), min_size=rows, max_size=rows))
    columns.append(("note", pd.Series(mixed, dtype=object)))
    columns = draw(st.permutations(columns))
    index = INDEXES[draw(st.sampled_from(sorted(INDEXES)))](rows)
    series = [pd.Series(values).set_axis(index) for _, values in columns]
    frame = pd.concat(series, axis=1)
    frame.columns = pd.Index([name for name, _ in columns], dtype=object)
    frame.attrs = {"about": {"owner": "me"}}
    return frame


def untouched(frame: Any) -> list[Any]:
    return [list(frame.iloc[:, place]) for place in range(frame.shape[1])]


@given(pandas_frames())
def test_a_pandas_frame_comes_back_as_it_was_with_features_beside(frame: Any) -> None:
    before = frame.copy()
    objects = copy.deepcopy(untouched(frame))
    features = FEATURES.slice(0, len(frame))
    own = own_frame(frame)
    assert own.column("k").to_pylist() == list(before["k"])
    found = own.joined(features)
    width = before.shape[1]
    pd.testing.assert_index_equal(found.index, before.index, exact=True)
    pd.testing.assert_frame_equal(found.iloc[:, :width], before, check_column_type=False)
    assert list(found.columns[width:]) == ["x", "m"]
    assert found["x"].tolist() == [1, pd.NA, 3][: len(frame)]
    assert found.attrs == before.attrs
    assert repr(untouched(found.iloc[:, :width])) == repr(objects)
    # What happens to the result, or to the original, is not seen by the other.
    found.iloc[0, list(found.columns).index("k")] = "changed"
    pd.testing.assert_frame_equal(frame, before)
    frame.iloc[0, list(frame.columns).index("k")] = "changed"
    pd.testing.assert_frame_equal(own.joined(features).iloc[:, :width], before)


def test_a_feature_assigned_back_lands_on_its_label() -> None:
    labels = pd.DataFrame({"k": ["a", "b", "c"]}, index=[7, 3, 5])
    labels["x"] = own_frame(labels).joined(FEATURES)["x"]
    assert labels["x"].tolist() == [1, pd.NA, 3]


def test_columns_of_two_levels_get_features_as_pandas_would_add_them() -> None:
    columns = pd.MultiIndex.from_tuples([("k", ""), ("z", "w")], names=["one", "two"])
    frame = pd.DataFrame([["a", 1]], columns=columns)
    own = own_frame(frame)
    assert own.column("k").to_pylist() == ["a"]
    found = own.joined(FEATURES.slice(0, 1))
    assert found["x"].tolist() == [1]
    assert found.columns.names == ["one", "two"]
    pd.testing.assert_frame_equal(found[frame.columns], frame)


POLARS: dict[str, Any] = {
    "object": pl.Series([{1}, {"a": 1}, None], dtype=pl.Object),
    "wide": pl.Series([2**70, None, 1], dtype=pl.Int128),
    "enum": pl.Series(["a", "b", None], dtype=pl.Enum(["b", "a"])),
    "category": pl.Series(["a", "b", None], dtype=pl.Categorical),
    "zoned": pl.Series([NOON, NOON, None]).dt.convert_time_zone("America/New_York"),
    "naive": pl.Series([NOON.replace(tzinfo=None)] * 3),
    "struct": pl.Series([{"a": 1}, {"a": None}, None]),
    "decimal": pl.Series([Decimal("1.5"), None, Decimal(2)]),
    "time": pl.Series([NOON.time()] * 3),
    "duration": pl.Series([timedelta(1)] * 3),
    "array": pl.Series([[1, 2]] * 3, dtype=pl.Array(pl.Int8, 2)),
    "null": pl.Series([None] * 3),
}


@given(st.lists(st.sampled_from(sorted(POLARS)), unique=True))
def test_a_polars_frame_comes_back_as_it_was_with_features_beside(names: list[str]) -> None:
    frame = pl.DataFrame({"k": ["a", "b", "c"], **{name: POLARS[name] for name in names}})
    own = own_frame(frame)
    found = own.joined(FEATURES)
    assert found.schema == pl.Schema({**frame.schema, "x": pl.Int64, "m": found.schema["m"]})
    kept = [name for name in frame.columns if name != "object"]
    polars.testing.assert_frame_equal(found[kept], frame[kept])
    if "object" in names:
        assert found["object"].to_list() == POLARS["object"].to_list()
    in_pandas = own.to_pandas()
    assert list(in_pandas.columns) == frame.columns
    assert len(in_pandas) == 3


def test_a_lazy_frame_comes_back_collected() -> None:
    found = own_frame(pl.DataFrame({"k": ["a", "b", "c"]}).lazy()).joined(FEATURES)
    assert found["x"].to_list() == [1, None, 3]


def test_an_arrow_table_keeps_its_schema_and_metadata() -> None:
    kind = pa.dictionary(pa.int8(), pa.string(), ordered=True)
    field = pa.field("k", kind, nullable=False, metadata={"a": "b"})
    table = pa.table([pa.array(["a", "b", "c"]).cast(kind)], schema=pa.schema([field]))
    table = table.replace_schema_metadata({"mine": "yes"})
    found = own_frame(table).joined(FEATURES)
    assert found.schema.field("k").equals(field, check_metadata=True)
    assert found.schema.metadata == {b"mine": b"yes"}
    assert found.select(["k"]).equals(table, check_metadata=True)


def test_an_arrow_table_of_a_pandas_frame_has_its_index_in_pandas() -> None:
    frame = pd.DataFrame({"k": ["a", "b", "c"], "n": pd.array([1, None, 2], "Int64")})
    frame.index = pd.Index([7, 3, 5], name="id")
    found = own_frame(pa.Table.from_pandas(frame)).to_pandas()
    pd.testing.assert_frame_equal(found, frame)


def test_rows_keep_their_own_keys_and_values() -> None:
    rows: list[dict[str, Any]] = [
        {"k": "a", "u": uuid.UUID(int=1)},
        {"k": "b", "note": {1}},
        {"k": "c", "note": 46},
    ]
    own = own_frame(rows)
    found = own.joined(FEATURES)
    assert [{key: row[key] for key in old} for row, old in zip(found, rows, strict=True)] == rows
    assert [set(row) - set(old) for row, old in zip(found, rows, strict=True)] == [{"x", "m"}] * 3
    assert own.to_pandas()["note"].tolist() == [None, {1}, 46]


def test_the_key_may_not_be_there_twice() -> None:
    own = own_frame(pd.DataFrame([["a", "b"]], columns=["k", "k"]))
    with pytest.raises(InputError, match="several columns named 'k'"):
        own.column("k")


def test_a_key_in_the_index_is_not_read_and_the_hint_says_so() -> None:
    own = own_frame(pd.DataFrame({"k": ["a"], "x": [1]}).set_index("k"))
    assert own.names == ("x",)
    assert "'k' is in the index: entity_df.reset_index()" in own.hint("k")


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"k": ["a"], "note": pd.Series([{1}], dtype=object)}),
        pd.DataFrame({"k": ["a"], "note": [1j]}),
        pl.DataFrame({"k": ["a"], "note": pl.Series([{1}], dtype=pl.Object)}),
        [{"k": "a", "note": object}],
    ],
    ids=["object", "complex", "polars", "rows"],
)
def test_what_has_no_arrow_form_is_named_with_the_way_out(frame: Any) -> None:
    own = own_frame(frame)
    with pytest.raises(InputError, match=r"column 'note' .* has no Arrow form.*Drop it, or take"):
        own.to_arrow()


def test_what_has_no_form_in_polars_is_named_with_the_way_out() -> None:
    mixed = own_frame(pd.DataFrame({"k": ["a", "b"], "note": ["CV", 46]}))
    with pytest.raises(InputError, match=r"column 'note' .* no form in polars.*to_pandas\(\)"):
        mixed.to_polars()
    period = own_frame(pd.DataFrame({"note": pd.period_range("2020", periods=1, freq="Y")}))
    with pytest.raises(InputError, match=r"column 'note' .* no form in polars"):
        period.to_polars()


def test_zones_are_kept_in_arrow() -> None:
    nine = datetime(2024, 5, 1, 9, tzinfo=NEW_YORK)
    frame = pd.DataFrame({"t": pd.Series([nine])})
    assert own_frame(frame).to_arrow().schema.field("t").type.tz == "America/New_York"
    assert own_frame(frame).to_arrow()["t"].to_pylist() == [nine]
