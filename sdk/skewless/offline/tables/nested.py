"""Arrow columns of lists and maps: what is inside as columns, and lists and maps made of such.

A map is a list of entries, each a key and a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

pc: Any = pyarrow.compute
_OF_ENTRY = 2


def lengths(lists: Any) -> Integers:
    """Return how many elements each list has; a null has none."""
    counts = pc.fill_null(pc.list_value_length(lists), 0)
    return np.asarray(counts.to_numpy(zero_copy_only=False), np.int64)


def rows_of(lists: Any) -> Integers:
    """Return, for each element of `lists.flatten()`, the number of its list."""
    return np.repeat(np.arange(len(lists)), lengths(lists))


def with_elements(lists: Any, values: Any) -> Any:
    """Return lists of the same lengths and nulls, of other elements.

    Args:
        lists: the column.
        values: an element for each of `lists.flatten()`, which leaves out what nulls hide.
    """
    return pa.ListArray.from_arrays(_ends(lengths(lists)), values, mask=lists.is_null())


def each(lists: Any, convert: Callable[[Any], Any]) -> Any:
    """Return lists with the elements converted, all in one column."""
    return with_elements(lists, convert(lists.flatten()))


def entries(column: Any) -> Any:
    """Return a column of maps, or of lists of pairs, as lists of entries; None if it is neither."""
    kind = column.type
    if pa.types.is_map(kind):
        pairs = pa.StructArray.from_arrays([column.keys, column.items], ["key", "value"])
        # A copy: a slice's offsets cannot stand beside a mask.
        return pa.ListArray.from_arrays(
            pa.array(column.offsets.to_numpy()), pairs, mask=column.is_null()
        )
    if not pa.types.is_list(kind) and not pa.types.is_large_list(kind):
        return None
    pair = kind.value_type
    is_entry = pa.types.is_struct(pair) and pair.num_fields == _OF_ENTRY
    return column.cast(pa.list_(pair)) if is_entry else None


def maps(rows: Integers, keys: Any, values: Any, is_null: Any) -> Any:
    """Return a column of maps.

    Args:
        rows: for each entry the number of its map, ascending.
        keys: of the entries, no null among them.
        values: of the entries.
        is_null: for each map, whether it is null.
    """
    counts = np.bincount(rows, minlength=len(is_null)).astype(np.int64)
    return pa.MapArray.from_arrays(_ends(counts), keys, values, mask=is_null)


def each_entry(
    column: Any, convert_keys: Callable[[Any], Any], convert_values: Callable[[Any], Any]
) -> Any:
    """Return maps with keys and values converted, all in one column."""
    lists = entries(column)
    inside = lists.flatten()
    keys, values = convert_keys(inside.field(0)), convert_values(inside.field(1))
    return maps(rows_of(lists), keys, values, column.is_null())


def cast(column: Any, kind: Any) -> Any:
    """Return a column in another type.

    Arrow aborts the process where maps are cast that were filtered. So they are made anew.
    """
    if not pa.types.is_map(kind) or column.type == kind:
        return column.cast(kind)
    if isinstance(column, pa.ChunkedArray):
        return pa.chunked_array([cast(chunk, kind) for chunk in column.chunks], kind)
    if not pa.types.is_map(column.type):
        return column.cast(kind)
    return each_entry(column, lambda x: x.cast(kind.key_type), lambda x: x.cast(kind.item_type))


def in_order(rows: Integers, keys: Any) -> tuple[Integers, NDArray[np.bool_]]:
    """Return the entries in the order of their maps and keys, and where a key comes again."""
    table = pa.table({"row": rows, "key": keys})
    by = [("row", "ascending"), ("key", "ascending")]
    order = pc.sort_indices(table, sort_keys=by).to_numpy().astype(np.int64)
    found, keys = rows[order], keys.take(pa.array(order))
    again = np.zeros(len(order), np.bool_)
    if len(order) > 1:
        is_same = pc.fill_null(pc.equal(keys[1:], keys[:-1]), pa.scalar(value=False))
        again[1:] = is_same.to_numpy(zero_copy_only=False) & (found[1:] == found[:-1])
    return order, again


def _ends(counts: Integers) -> Any:
    return pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
