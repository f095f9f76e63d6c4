"""A digest is over the values: how Arrow holds them does not matter."""

from __future__ import annotations

import hashlib

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from skewless.offline.training.build import digest

TEXTS = st.lists(st.none() | st.binary(max_size=5), max_size=20)


@given(TEXTS, TEXTS)
def test_texts_are_digested_with_their_lengths(before: list[bytes], values: list[bytes]) -> None:
    column = pa.array([*before, *values], pa.binary()).slice(len(before))
    lengths = [len(value or b"") for value in values]
    expected = hashlib.sha256(f"x:binary:{len(values)};".encode())
    expected.update(bytes(value is not None for value in values))
    expected.update(b"".join(length.to_bytes(4, "little") for length in lengths))
    expected.update(b"".join(value or b"" for value in values))
    assert digest(pa.table({"x": column})) == expected.hexdigest()
