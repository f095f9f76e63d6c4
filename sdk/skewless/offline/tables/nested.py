"""Arrow columns of lists: their elements as one column, and lists made of it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

pc: Any = pyarrow.compute


def lengths(lists: Any) -> NDArray[np.int64]:
    """Return how many elements each list has; a null has none."""
    counts = pc.fill_null(pc.list_value_length(lists), 0)
    return np.asarray(counts.to_numpy(zero_copy_only=False), np.int64)


def with_elements(lists: Any, values: Any) -> Any:
    """Return lists of the same lengths and nulls, of other elements.

    Args:
        lists: the column.
        values: an element for each of `lists.flatten()`, which leaves out what nulls hide.
    """
    ends = np.concatenate([[0], np.cumsum(lengths(lists))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), values, mask=lists.is_null())


def each(lists: Any, convert: Callable[[Any], Any]) -> Any:
    """Return lists with the elements converted, all in one column."""
    return with_elements(lists, convert(lists.flatten()))
