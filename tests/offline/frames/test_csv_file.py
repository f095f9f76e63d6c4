"""Tables as CSV: whatever was written can be read back as it was."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from skewless.offline.frames.csv_file import csv_of


def written(**columns: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_of(pa.table(columns)).decode(), newline="")))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_doubles_keep_every_bit(values: list[float]) -> None:
    assert [float(row["x"]).hex() for row in written(x=values)] == [v.hex() for v in values]


@given(st.lists(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), min_size=1))  # noqa: DTZ001
def test_times_are_read_back_as_instants(values: list[datetime]) -> None:
    aware = [value.replace(tzinfo=UTC) for value in values]
    rows = written(at=pa.array(aware, pa.timestamp("us", "UTC")))
    assert [datetime.fromisoformat(row["at"]) for row in rows] == aware


def test_decimals_texts_and_integers_are_exact() -> None:
    rows = written(d=[Decimal("0.10")], s=['a "b",\n'], n=[2**63 - 1], b=[True])
    assert rows == [{"d": "0.10", "s": 'a "b",\n', "n": str(2**63 - 1), "b": "true"}]


def test_arrays_are_json_and_bytes_base64() -> None:
    (row,) = written(a=[[0.1, 2.0]], b=[b"\0\xff"], c=pa.array(["x"]).dictionary_encode())
    assert (json.loads(row["a"]), row["b"], row["c"]) == ([0.1, 2.0], "AP8=", "x")
