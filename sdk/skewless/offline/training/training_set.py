"""A training set: the user's own labels with features, in several forms."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from skewless.definitions.foreign import FRAMES, other_word
from skewless.errors import InputError
from skewless.offline.frames.arrow_frame import appended
from skewless.offline.frames.csv_file import csv_of
from skewless.offline.frames.numbers import matrix_of, with_floats
from skewless.offline.frames.pandas_frame import pandas_of, polars_of, with_columns
from skewless.offline.storage.objects import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.aws import Aws
    from skewless.ingest.ingested import Ingested
    from skewless.offline.frames.own_frame import OwnFrame
    from skewless.offline.training.set_index import SetIndex


@dataclass(frozen=True, slots=True, repr=False)
class TrainingSet:
    """Labels with features: one row for each label, in the labels' order.

    The labels are the user's own frame, of which only keys, instants and request fields are read:
    all else comes back as it was, with its index, zones and types.

    Attributes:
        labels: the frame that the labels came in.
        values: the features, row by row.
        manifest: what is needed to make the set again, and to tell whether it came out the same:
            definitions' fingerprints, the log's snapshots, the SQL, rows, a digest of the values.
        aws: where `write_parquet` writes.
        index: records where sets are written; None without a store.
        status: as_of and status of each view, row by row, if asked for.
        ingested: for a set that `compute` made of frames: what became of each source's rows.
    """

    labels: OwnFrame
    values: pa.Table
    manifest: Mapping[str, Any]
    aws: Aws
    index: SetIndex | None
    status: pa.Table | None = None
    ingested: Mapping[str, Ingested] = field(default_factory=dict)

    @property
    def added(self) -> pa.Table:
        """The columns beside the labels: features, then as_of and status of each view."""
        return self.values if self.status is None else appended(self.values, self.status)

    @property
    def features(self) -> list[str]:
        """The names of the feature columns, in order."""
        return [item["output"] for item in self.manifest["features"]]

    @property
    def table(self) -> pa.Table:
        """The set in Arrow, as `to_arrow` gives it."""
        return self.to_arrow()

    def to_arrow(self) -> pa.Table:
        """Return a pyarrow Table; Arrow labels keep their schema's metadata.

        Raises:
            InputError: a column of the labels has no Arrow form.
        """
        return appended(self.labels.to_arrow(), self.added)

    def to_pandas(self, *, floats: bool = False) -> Any:
        """Return a pandas DataFrame; labels in pandas keep index, zones, types and attrs.

        Args:
            floats: give each Int64, Bool and Decimal feature as float64, null as NaN, for
                libraries that take nothing else. Without it all values are exact: Int64 and Bool
                with nulls are pandas' `Int64` and `boolean`, and Decimals are Python's own.

        Raises:
            InputError: with `floats`, an Int64 beyond 2^53, which float64 does not hold.
        """
        values = with_floats(self.added, self.features) if floats else self.added
        return with_columns(self.labels.to_pandas(), pandas_of(values, are_features=True))

    def to_polars(self) -> Any:
        """Return a polars DataFrame.

        Raises:
            InputError: a column of the labels has no form in polars.
        """
        labels = self.labels.to_polars()
        return labels.hstack(polars_of(self.added, "take to_arrow()"))

    def to_frame(self) -> Any:
        """Return a frame like that of the labels: pandas, polars, a list of dicts, else Arrow."""
        return self.labels.joined(self.added)

    def to_numpy(self, columns: Sequence[str] | None = None) -> Any:
        """Return features as one float64 array of a row for each label and a column for each.

        Null is NaN, Bool is 0 and 1, a Decimal is the nearest float64.

        Args:
            columns: which features, in which order; `features` by default.

        Raises:
            InputError: a feature is no number, or an Int64 beyond 2^53.
        """
        return matrix_of(self.values, self.features, columns)

    def write_parquet(self, uri: str) -> None:
        """Write the set as Parquet, and its manifest beside it as `<uri>.manifest.json`.

        The store remembers where, so that an erasure finds the set. A pandas index is not written.

        Args:
            uri: a path, or `s3://bucket/key`.

        Raises:
            InputError: a column of the labels has no form in Parquet; nothing is written.
        """
        table = self.to_arrow()
        body = parquet_of(table)
        self._record(uri if uri.startswith("s3://") else str(Path(uri).resolve()))
        _write(uri, body, self.manifest, self.aws)

    def write_csv(self, path: str) -> None:
        """Write the set as CSV, here, and its manifest beside it as `<path>.manifest.json`.

        Numbers can be read back as they are. Times are in ISO form, arrays are JSON, bytes base64.
        Null is empty, an empty text is `""`.

        Raises:
            InputError: the path is on S3, where an erasure writes sets anew, and those are Parquet.
        """
        if "://" in path:
            raise InputError(f"{path}: on S3 a training set is Parquet; end the name in .parquet")
        body = csv_of(self.to_arrow())
        self._record(str(Path(path).resolve()))
        _write(path, body, self.manifest, self.aws)

    def _record(self, place: str) -> None:
        if self.index is not None:
            self.index.add(place)

    def __getattr__(self, name: str) -> Any:
        return other_word(self, name, FRAMES)

    def __repr__(self) -> str:
        features, mode = len(self.features), self.manifest["mode"]
        refused = [str(found) for found in self.ingested.values() if found.rejected]
        told = "".join(f", {text}" for text in refused)
        return (
            f"TrainingSet({self.values.num_rows:,} rows, {features} features, mode={mode!r}{told})"
        )


def write_set(uri: str, table: pa.Table, manifest: Mapping[str, Any], aws: Aws) -> None:
    """Write a set and its manifest."""
    _write(uri, parquet_of(table), manifest, aws)


def manifest_of(uri: str) -> str:
    """Return where the manifest of a set is."""
    return f"{uri}.manifest.json"


def _write(uri: str, body: bytes, manifest: Mapping[str, Any], aws: Aws) -> None:
    text = json.dumps(manifest, indent=2, sort_keys=True, default=str)
    # The manifest is written last, when the set exists.
    write_bytes(uri, body, aws)
    write_bytes(manifest_of(uri), text.encode(), aws)


def parquet_of(table: pa.Table) -> bytes:
    """Return a set as a file of Parquet.

    Raises:
        InputError: a column has no form in Parquet.
    """
    buffer = io.BytesIO()
    try:
        pq.write_table(table, buffer, compression="zstd")
    except (pa.ArrowException, ValueError) as error:
        raise InputError(_unwritable(table, error)) from error
    return buffer.getvalue()


def _unwritable(table: pa.Table, error: Exception) -> str:
    """Name the column that has no form in Parquet."""
    for place, column in enumerate(table.schema):
        try:
            pq.write_table(table.select([place]), io.BytesIO())
        except (pa.ArrowException, ValueError) as found:
            return (
                f"column {column.name!r} ({column.type}) has no form in Parquet: {found}. Drop it, "
                "or take to_pandas() or to_frame(), where it stays as it is"
            )
    return f"the set has no form in Parquet: {error}"
