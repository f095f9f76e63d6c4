"""A name of data, with the zone needed to read it. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file, folder, address or Glue table, and the zone of its times without one.

    Attributes:
        name: a path, an `s3://` address, or `"database.table"`.
        timezone: the zone's name, such as `Europe/Berlin`.
    """

    name: str
    timezone: str
