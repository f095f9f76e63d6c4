"""Frames in, frames out: what serving takes, and what an answer becomes."""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as Number
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skewless import FeatureStore
from skewless.errors import InputError
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Int64,
    Map,
    Timestamp,
    ValueType,
)
from skewless.verify import bits
from tests.store.answering import EMPTY, FULL, NOBODY, NOON, TYPES, everything, latest, rows

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def as_pandas(given: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(given)


def as_lazy(given: list[dict[str, Any]]) -> pl.LazyFrame:
    return pl.LazyFrame(given)


class Stream:
    """Something with the Arrow C stream interface, and nothing else."""

    def __init__(self, given: list[dict[str, Any]]) -> None:
        self._table = pa.Table.from_pylist(given)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


FRAMES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "dicts": list,
    "tuple": tuple,
    "generator": iter,
    "pandas": as_pandas,
    "pandas with Arrow inside": lambda given: pl.DataFrame(given).to_pandas(
        use_pyarrow_extension_array=True
    ),
    "nullable pandas": lambda given: pd.DataFrame(given).convert_dtypes(),
    "pandas of objects": lambda given: pd.DataFrame(given, dtype=object),
    "categories": lambda given: pd.DataFrame(given).astype({"shop": "category"}),
    "polars": pl.DataFrame,
    "lazy polars": as_lazy,
    "a struct of polars": lambda given: pl.DataFrame(given).to_struct("row"),
    "Arrow": pa.Table.from_pylist,
    "an Arrow batch": pa.RecordBatch.from_pylist,
    "an Arrow reader": lambda given: pa.Table.from_pylist(given).to_reader(),
    "a stream": Stream,
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_rows_in_any_shape_are_the_same_rows(
    answering: FeatureStore, frame: Callable[[list[dict[str, Any]]], Any]
) -> None:
    given = [{**row, "note": "not looked at"} for row in rows(NOBODY, FULL, EMPTY, FULL)]
    expected = answering.get_online_features(everything, rows(NOBODY, FULL, EMPTY, FULL))
    answer = answering.get_online_features(everything, frame(given))
    assert bits(list(answer.to_dict().values())) == bits(list(expected.to_dict().values()))
    assert answer.status == expected.status
    assert expected.rows[1]["whole"] == 2**62 + 1
    sent = answer.to_arrow().select(["user_id", "shop"]).to_pylist()
    assert sent == [{"user_id": user, "shop": "s"} for user in (NOBODY, FULL, EMPTY, FULL)]


@pytest.mark.parametrize("users", [(FULL,), (EMPTY,), (FULL, EMPTY), (NOBODY, FULL)], ids=str)
@pytest.mark.parametrize("kind", ["to_pandas", "to_arrow", "to_polars"])
def test_features_have_the_types_that_a_training_set_gives_them(
    answering: FeatureStore, kind: str, users: tuple[int, ...]
) -> None:
    labels = [{**row, "event_timestamp": NOON} for row in rows(*users)]
    trained = getattr(answering.get_historical_features(labels, everything), kind)()
    served = getattr(answering.get_online_features(everything, rows(*users)), kind)()
    names = [*TYPES, "doubled"]
    trained, served = (
        found.select(names) if kind == "to_arrow" else found[names] for found in (trained, served)
    )
    if kind == "to_pandas":
        pd.testing.assert_frame_equal(served, trained, check_exact=True)
    else:
        assert served.schema == trained.schema
        assert served.equals(trained)


def test_a_pandas_frame_keeps_its_index_and_its_own_columns(answering: FeatureStore) -> None:
    frame: Any = pd.DataFrame(rows(FULL, NOBODY), index=pd.Index(["b", "a"], name="label"))
    frame["shop"] = frame["shop"].astype("category")
    frame["when"] = frame["when"].dt.tz_convert("America/New_York")
    frame["note"] = [object(), "x"]
    found = answering.get_online_features(everything, frame).to_pandas()
    assert list(found.index) == ["b", "a"]
    assert found.index.name == "label"
    own = ["user_id", "shop", "amount", "when", "day"]
    pd.testing.assert_frame_equal(found[own], frame[own])
    assert list(found.columns) == [*own, *TYPES, "doubled", "later"]
    frame["real"] = found["real"]  # aligned by the index, whatever its order
    assert frame.loc["b", "real"] == 0.1 + 0.2
    assert math.isnan(frame.loc["a", "real"])


def test_a_frame_is_answered_in_its_own_library(answering: FeatureStore) -> None:
    def kind(given: Any) -> type:
        return type(answering.get_online_features(everything, given).to_frame())

    assert kind(as_pandas(rows(FULL))) is pd.DataFrame
    assert kind(pl.DataFrame(rows(FULL))) is kind(as_lazy(rows(FULL))) is pl.DataFrame
    assert kind(pa.Table.from_pylist(rows(FULL))) is kind(rows(FULL)) is pa.Table


def test_a_polars_frame_keeps_its_own_columns(answering: FeatureStore) -> None:
    frame = pl.DataFrame(rows(FULL)).with_columns(pl.col("shop").cast(pl.Categorical))
    found = answering.get_online_features(everything, frame).to_polars()
    assert found["shop"].dtype == pl.Categorical
    assert found.columns[:5] == ["user_id", "shop", "amount", "when", "day"]


@pytest.mark.parametrize(
    "empty",
    [
        [],
        (),
        pd.DataFrame(),
        pd.DataFrame(rows(FULL)).iloc[:0],
        pl.DataFrame(),
        pl.LazyFrame(rows(FULL)).limit(0),
        pa.table({}),
        pa.Table.from_pylist(rows(FULL)).slice(0, 0),
    ],
    ids=["list", "tuple", "bare pandas", "pandas", "bare polars", "polars", "bare Arrow", "Arrow"],
)
def test_an_empty_frame_has_an_empty_answer_of_the_same_columns(
    answering: FeatureStore, empty: Any
) -> None:
    answer = answering.get_online_features(everything, empty)
    assert (answer.rows, answer.to_json()) == ([], "[]")
    full = answering.get_online_features(everything, rows(FULL))
    assert answer.to_arrow().schema.names == full.to_arrow().schema.names
    assert answer.to_polars().schema == full.to_polars().schema
    assert list(answer.to_pandas().columns) == list(full.to_pandas().columns)
    assert len(answer.to_pandas()) == 0


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_a_zoned_time_is_the_same_instant_also_where_clocks_go_back(
    answering: FeatureStore, library: str, zone: str
) -> None:
    hours = [datetime(2024, 11, 3, 4, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(8)]
    hours += [datetime(2024, 4, 6, 14, tzinfo=UTC) + timedelta(minutes=15 * n) for n in range(8)]
    frame: Any = pl.DataFrame({"amount": [1.0] * 16, "when": hours, "day": hours}).with_columns(
        pl.col("when").dt.convert_time_zone(zone), pl.col("day").dt.date()
    )
    frame = {"pandas": frame.to_pandas, "polars": frame.clone, "arrow": frame.to_arrow}[library]()
    answer = answering.get_online_features("asked", frame)
    found = [json.loads(answer.to_json())[n]["when"] for n in range(16)]
    assert found == [f"{hour:%Y-%m-%dT%H:%M:%SZ}" for hour in hours]


def test_a_frame_that_lacks_a_column_says_which_and_its_type(answering: FeatureStore) -> None:
    frame = pd.DataFrame(rows(FULL))
    for given in (frame, pl.DataFrame(rows(FULL)), pa.Table.from_pylist(rows(FULL))):
        renamed = (
            given.rename(columns={"shop": "shops"})
            if isinstance(given, pd.DataFrame)
            else given.rename({"shop": "shops"})
            if isinstance(given, pl.DataFrame)
            else given.rename_columns(["user_id", "shops", "amount", "when", "day"])
        )
        with pytest.raises(InputError, match=r"lacks 'shop' \(String\)\. Did you mean 'shops'\?"):
            answering.get_online_features(everything, renamed)
    with pytest.raises(InputError, match=r"in the index: frame.reset_index\(\)"):
        answering.get_online_features(everything, frame.set_index("user_id"))
    twice = pd.concat([frame, frame[["shop"]]], axis=1)
    with pytest.raises(InputError, match="several columns named 'shop'"):
        answering.get_online_features(everything, twice)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("user_id", "entity_rows is 'user_id'"),
        (5, "entity_rows is 5"),
        (None, "entity_rows is missing"),
        (["a"], "row 0 is 'a'"),
        ([{"user_id": 1, "shop": "s"}, None], "row 1 is None"),
        (pd.Series([1], name="user_id"), "a pandas Series is either a row or a column"),
        (np.array([[1, 2]]), "row 0 is"),
        (pa.array([1]), "an? Int64Array is no table"),
    ],
    ids=["text", "number", "none", "texts", "a null row", "series", "matrix", "array"],
)
def test_what_is_no_rows_says_what_would_be(
    answering: FeatureStore, given: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        answering.get_online_features("latest", given)


def test_rows_in_the_place_of_features_are_told(answering: FeatureStore) -> None:
    for given in (rows(FULL), rows(FULL)[0], as_pandas(rows(FULL)), as_lazy(rows(FULL)), []):
        with pytest.raises(InputError, match=r"features is missing.*before the rows"):
            answering.get_online_features(given)
        with pytest.raises(InputError, match="change places"):
            answering.get_online_features(given, "everything")


def test_a_locked_store_takes_rows_alone(answering: FeatureStore, tmp_path: Path) -> None:
    answering.lock(everything, tmp_path / "skewless.lock")
    locked = FeatureStore.from_lock(
        tmp_path / "skewless.lock", session=answering.aws.session, clock=NOON
    )
    locked._aws.endpoint = answering.aws.endpoint
    expected = answering.get_online_features(everything, rows(FULL, NOBODY)).rows
    for frame in (list, as_pandas, pl.DataFrame, pa.Table.from_pylist):
        assert locked.get_online_features(frame(rows(FULL, NOBODY))).rows == expected
    assert locked.get_online_features(rows(FULL)[0]).rows == expected[:1]
    assert locked.get_online_features([]).rows == []
    assert locked.get_online_features(entity_rows=rows(FULL)).rows == expected[:1]
    assert locked.get_online_features("everything", rows(FULL)).rows == expected[:1]
    with pytest.raises(InputError, match="entity_rows is missing"):
        locked.get_online_features()


def read_back(value: Any, type_: ValueType) -> Any:
    """Read a value of the JSON as docs/serving.md says, with the standard library alone."""
    match type_:
        case _ if value is None:
            return None
        case Array(element=element):
            return [read_back(item, element) for item in value]
        case Map(key=key, value=kind):
            return {read_name(name, key): read_back(x, kind) for name, x in value.items()}
        case Decimal():
            return Number(value)
    if type_ == Timestamp:
        assert value.endswith("Z")
        return datetime.fromisoformat(value)
    if type_ == Date:
        return date.fromisoformat(value)
    return base64.b64decode(value) if type_ == Bytes else value


def read_name(name: str, type_: ValueType) -> Any:
    """Read a key of a map, which JSON writes as text."""
    return json.loads(name) if type_ in (Int64, Bool) else read_back(name, type_)


def test_json_reads_back_to_the_same_bits(answering: FeatureStore) -> None:
    answer = answering.get_online_features(everything, rows(FULL, EMPTY, NOBODY))
    found = json.loads(answer.to_json())
    assert [row["user_id"] for row in found] == [FULL, EMPTY, NOBODY]
    assert found[0]["when"] == "2024-03-05T12:00:00Z"
    assert found[0]["price"] == "-0.1000"
    for row, expected in zip(found, answer.rows, strict=True):
        for name, type_ in answer.types.items():
            assert bits(read_back(row[name], type_)) == bits(expected[name]), name


def test_json_has_the_status_if_it_is_asked_for(answering: FeatureStore) -> None:
    answer = answering.get_online_features(latest, rows(FULL))
    found = json.loads(answer.to_json(with_status=True))
    assert found["rows"] == json.loads(answer.to_json())
    status = found["status"][0]["latest"]
    assert (status["status"], status["as_of"]) == ("ok", "2024-03-05T00:00:00Z")


def test_the_handler_of_the_documentation_answers_what_json_takes(
    answering: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
    (code,) = [part for part in page.split("```python\n") if "def handler" in part]
    answering.lock(latest, tmp_path / "skewless.lock")
    credentials = answering.aws.session.get_credentials() if answering.aws.session else None
    assert credentials is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(answering.aws.endpoint))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
    names: dict[str, Any] = {"__file__": str(tmp_path / "handler.py")}
    exec(code.partition("```")[0], names)  # noqa: S102 - the documentation's own
    event = {"body": json.dumps([{"user_id": user, "shop": "s"} for user in (FULL, EMPTY)])}
    response = json.loads(json.dumps(names["handler"](event, None)))
    assert response["statusCode"] == 200
    found = json.loads(response["body"])
    assert [row["user_id"] for row in found] == [FULL, EMPTY]
    assert set(found[0]) == {"user_id", "shop", *TYPES}


def test_an_answer_prints_in_one_line(answering: FeatureStore) -> None:
    answer = answering.get_online_features(everything, rows(FULL, NOBODY))
    assert repr(answer) == str(answer)
    assert repr(answer) == "Answer(2 rows of 18 features, views: 1 missing, 1 ok)"
