"""S3: range reads that do not copy the object.

Stock moto reads and copies the whole object for every GET, also for a GET of 64 KB out of 90 MB
(66 ms each). A Parquet reader makes dozens of such reads. An object's bytes are immutable, so one
`bytes` object is handed to all readers, and a range is a slice of it (5 ms).
"""

from __future__ import annotations

import functools
from typing import Any

from moto.s3.models import FakeKey

# What is kept on an object beside moto's own attributes, until other bytes are written to it.
BYTES = "_localaws_bytes"
DIGEST = "_localaws_digest"


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    stored_object: Any = FakeKey
    stock = stored_object.__dict__["value"]

    def read(self: Any) -> Any:
        known = self.__dict__.get(BYTES)
        if known is None:
            known = self.__dict__[BYTES] = stock.fget(self)
        return known

    def write(self: Any, value: Any) -> None:
        self.__dict__.pop(BYTES, None)
        self.__dict__.pop(DIGEST, None)
        stock.fset(self, value)

    stored_object.value = property(read, write)
