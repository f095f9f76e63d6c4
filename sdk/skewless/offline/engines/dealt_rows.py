"""Rows that are more than memory holds, dealt to files by their entity.

All rows of an entity are in one pile, in the order in which they came. So some piles are all that
is needed for the points of some entities, and each row is written once and read once.
"""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Integers = np.ndarray[Any, np.dtype[np.int64]]

# A turn is a pile at the least. More piles mean more open files, and smaller writes.
PILES = 128


class DealtRows:
    """Rows in piles: one file of Arrow's stream format each."""

    def __init__(self, rows: pa.RecordBatchReader, folder: Path) -> None:
        """Deal rows, by their column `entity`, to files in a folder that is made for them.

        Raises:
            OSError: the disk is full.
            pyarrow.ArrowException: the rows could not be read.
        """
        self.schema = rows.schema
        self._files = [folder / f"{pile}.arrow" for pile in range(PILES)]
        folder.mkdir()
        with ExitStack() as stack:
            piles = [
                stack.enter_context(pa.ipc.new_stream(stack.enter_context(file), self.schema))
                for file in (pa.OSFile(str(path), "wb") for path in self._files)
            ]
            for batch in rows:
                for pile, part in _dealt(batch):
                    piles[pile].write_batch(part)

    def turns(self, most: int) -> Iterator[tuple[range, pa.RecordBatchReader]]:
        """Yield the rows of some piles at a time: `most` bytes, or one pile if that has more."""
        start = size = 0
        for pile, path in enumerate(self._files):
            more = path.stat().st_size
            if pile > start and size + more > most:
                yield self._turn(range(start, pile))
                start, size = pile, 0
            size += more
        yield self._turn(range(start, PILES))

    def _turn(self, piles: range) -> tuple[range, pa.RecordBatchReader]:
        batches = (batch for pile in piles for batch in self._batches(pile))
        return piles, pa.RecordBatchReader.from_batches(self.schema, batches)

    def _batches(self, pile: int) -> Iterator[pa.RecordBatch]:
        with pa.OSFile(str(self._files[pile])) as file, pa.ipc.open_stream(file) as batches:
            yield from batches


def piles_of(entity: Integers) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the pile of each row."""
    return (entity % PILES).astype(np.uint8)


def _dealt(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    pile = piles_of(batch["entity"].to_numpy())
    order = np.argsort(pile, kind="stable")
    bounds = np.searchsorted(pile[order], np.arange(PILES + 1))
    dealt = batch.take(pa.array(order))
    for number, (start, end) in enumerate(pairwise(bounds)):
        if end > start:
            yield number, dealt.slice(start, end - start)
