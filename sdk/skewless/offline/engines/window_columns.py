"""Columns of rows as numbers, of which parts are taken when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute

if TYPE_CHECKING:
    from collections.abc import Mapping

    Values: TypeAlias = np.ndarray[Any, Any]
    Places: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

pc: Any = pyarrow.compute


class TooManyBytesError(Exception):
    """A query's rows take more memory than they may at once."""


class Columns:
    """Some rows of a table.

    Attributes:
        words: for each column that is not of numbers, its values in order; a row has the place of
            its value among them.
    """

    def __init__(
        self,
        numbers: Mapping[str, Values],
        words: Mapping[str, pa.Array],
        places: Places | None = None,
    ) -> None:
        self._numbers = numbers
        self.words = words
        self._places = places

    @classmethod
    def read(cls, reader: pa.RecordBatchReader, most: int) -> Columns:
        """Read rows.

        Raises:
            TooManyBytesError: they take more bytes than `most`.
        """
        read: dict[str, list[Any]] = {name: [] for name in reader.schema.names}
        size = 0
        for batch in reader:
            size += batch.nbytes
            if size > most:
                raise TooManyBytesError
            for name, pieces in read.items():
                column = batch[name]
                # A copy lets go of the batch.
                pieces.append(_values(column).copy() if _is_number(column.type) else column)
        numbers: dict[str, Values] = {}
        words: dict[str, pa.Array] = {}
        for field in reader.schema:
            pieces = read.pop(field.name)
            if not _is_number(field.type):
                column = pa.chunked_array(pieces, field.type)
                numbers[field.name], words[field.name] = _ranked(column)
            elif pieces:
                numbers[field.name] = np.concatenate(pieces)
            else:
                numbers[field.name] = np.empty(0, field.type.to_pandas_dtype())
        return cls(numbers, words)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self._numbers.values())) if self._places is None else self._places)

    def __getitem__(self, name: str) -> Values:
        """Return a column."""
        values = self._numbers[name]
        return values if self._places is None else values[self._places]

    def taken(self, places: Places) -> Columns:
        """Return some of the rows; their columns are taken when they are asked for."""
        places = places if self._places is None else self._places[places]
        return Columns(self._numbers, self.words, places)


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_))


def _values(column: pa.Array) -> Values:
    if column.null_count:
        raise ValueError(column.type)
    found: Values = column.to_numpy()
    return found


def _ranked(column: pa.ChunkedArray) -> tuple[Values, pa.Array]:
    """Return the place of each value in order, and the values in order; a null's place is any."""
    encoded = column.dictionary_encode().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # of no rows
        encoded = pa.nulls(0, column.type).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.zeros(max(len(order), 1), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    codes = pc.fill_null(encoded.indices, 0).to_numpy()
    return rank[codes], encoded.dictionary.take(order)
