"""Deployment packages: a function's or a layer's zip, unpacked once."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

_MODE_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An unpacked zip. Equal packages have equal contents."""

    digest: str
    folder: Path

    @classmethod
    def unpack(cls, content: bytes, scratch: Path) -> Package:
        """Unpack a zip below a scratch folder, unless the same one lies there already."""
        digest = hashlib.sha256(content).hexdigest()
        folder = scratch / digest
        if not folder.exists():
            # Under another name first: a folder that is there is complete.
            partial = scratch / f"{digest}.partial"
            _extract(content, partial)
            partial.rename(folder)
        return cls(digest=digest, folder=folder)


def _extract(content: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            mode = entry.external_attr >> _MODE_BITS
            if mode and not entry.is_dir():
                path.chmod(mode & 0o777)
    folder.mkdir(parents=True, exist_ok=True)
