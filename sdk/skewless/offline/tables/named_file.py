"""A name of data, and what must be said of it for it to be read. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file, folder, address or Glue table, whose times without a zone are of one.

    Attributes:
        name: a path, an `s3://` address, or `"database.table"`.
        timezone: the zone's name, such as `Europe/Berlin`.
    """

    name: str
    timezone: str
