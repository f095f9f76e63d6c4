"""pyarrow with no other codecs than AWS builds into its layer: snappy and gzip.

A function imports this file from the layer's own pyarrow, so that it knows nothing but pyarrow.
See building/lambda/build-lambda-layer.sh of aws-sdk-pandas: ARROW_WITH_ZSTD=OFF and its siblings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet.core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ds: Any = pyarrow.dataset
_pq: Any = pyarrow.parquet.core
_BUILT = ("snappy", "gzip", "none", "uncompressed")
_READS = ("read", "read_row_group", "read_row_groups", "iter_batches", "scan_contents")


def apply() -> None:
    """Let everything that compresses and decompresses refuse other codecs."""
    arrow: Any = pa
    arrow.Codec = arrow.lib.Codec = _codec(pa.Codec)
    _ds.ParquetFileFormat = _format(_ds.ParquetFileFormat)
    _ds.dataset = _checked(_ds.dataset)
    for name in _READS:
        setattr(_pq.ParquetFile, name, _read(getattr(_pq.ParquetFile, name)))
    _pq.ParquetWriter.__init__ = _writer(_pq.ParquetWriter.__init__)


def _check(codecs: Iterable[str | None]) -> None:
    for codec in codecs:
        if codec is not None and codec.lower() not in _BUILT:
            raise pa.ArrowNotImplementedError(f"Support for codec '{codec.lower()}' not built")


def _check_metadata(metadata: Any) -> None:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    _check(
        group.column(number).compression for group in groups for number in range(group.num_columns)
    )


def _check_compression(given: Any) -> None:
    _check(given.values() if isinstance(given, dict) else [given])


def _codec(stock: Any) -> Any:
    class Codec(stock):  # type: ignore[misc]
        def __init__(self, compression: str, compression_level: int | None = None) -> None:
            _check([compression])
            super().__init__(compression, compression_level)

        @staticmethod
        def is_available(compression: str) -> bool:
            return compression.lower() in _BUILT and bool(stock.is_available(compression))

    return Codec


def _format(stock: Any) -> Any:
    class ParquetFileFormat(stock):  # type: ignore[misc]
        def make_fragment(self, *given: Any, **named: Any) -> Any:
            fragment = super().make_fragment(*given, **named)
            _check_metadata(fragment.metadata)
            return fragment

        def make_write_options(self, **named: Any) -> Any:
            _check_compression(named.get("compression"))
            return super().make_write_options(**named)

    return ParquetFileFormat


def _checked(stock: Callable[..., Any]) -> Callable[..., Any]:
    def dataset(*given: Any, **named: Any) -> Any:
        made = stock(*given, **named)
        for fragment in made.get_fragments():
            if hasattr(fragment, "row_groups"):
                _check_metadata(fragment.metadata)
        return made

    return dataset


def _read(stock: Callable[..., Any]) -> Callable[..., Any]:
    def read(self: Any, *given: Any, **named: Any) -> Any:
        _check_metadata(self.metadata)
        return stock(self, *given, **named)

    return read


def _writer(stock: Callable[..., Any]) -> Callable[..., Any]:
    def init(self: Any, *given: Any, **named: Any) -> None:
        _check_compression(named.get("compression"))
        stock(self, *given, **named)

    return init
