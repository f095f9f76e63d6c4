"""Rows dealt to files: each comes back once, with all others of its entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from skewless.offline.engines.dealt_rows import PILES, DealtRows, piles_of

if TYPE_CHECKING:
    from pathlib import Path


def dealt(folder: Path, rows: pa.Table, batch: int = 100) -> DealtRows:
    return DealtRows(
        pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(batch)), folder / "dealt"
    )


def a_table(rows: int, entities: int) -> pa.Table:
    random = np.random.default_rng(0)
    words = [None if number % 7 == 0 else "w" * (number % 5) for number in range(rows)]
    return pa.table(
        {"entity": random.integers(0, entities, rows), "at": np.arange(rows), "word": words}
    )


@pytest.mark.parametrize("most", [1, 5_000, 10**9])
@pytest.mark.parametrize("entities", [1, 3, 1_000])
def test_every_row_comes_back_once_with_its_entity_s(
    tmp_path: Path, most: int, entities: int
) -> None:
    rows = a_table(1_000, entities)
    turns = [(piles, found.read_all()) for piles, found in dealt(tmp_path, rows).turns(most)]
    assert [pile for piles, _ in turns for pile in piles] == list(range(PILES))
    for piles, found in turns:
        assert set(piles_of(found["entity"].to_numpy())) <= {*piles}
    everything = pa.concat_tables([found for _, found in turns])
    assert everything.sort_by("at").equals(rows)


def test_rows_of_an_entity_stay_in_their_order(tmp_path: Path) -> None:
    rows = a_table(1_000, 5)
    ((_, found),) = dealt(tmp_path, rows).turns(10**9)
    back = found.read_all()
    for entity in range(5):
        at = back["at"].to_numpy()[back["entity"].to_numpy() == entity]
        assert (np.diff(at) > 0).all()


def test_a_turn_has_as_many_bytes_as_it_may(tmp_path: Path) -> None:
    rows = pa.table({"entity": np.arange(128_000), "value": np.zeros(128_000)})
    turns = [found.read_all() for _, found in dealt(tmp_path, rows, 128_000).turns(200_000)]
    assert len(turns) > 10
    assert all(turn.nbytes <= 200_000 for turn in turns)


def test_no_rows_are_dealt_too(tmp_path: Path) -> None:
    ((piles, found),) = dealt(tmp_path, a_table(0, 1)).turns(10**9)
    assert (piles, found.read_all().num_rows) == (range(PILES), 0)
