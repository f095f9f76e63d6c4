"""Exported: a registry as plain files, one definition a file, made to be compared and reviewed.

The same registry gives the same bytes. Only what changed is written, so a folder under git shows
what an apply did.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.compiler import fingerprint
from skewless.compiler.document import encode
from skewless.errors import InputError
from skewless.registry.apply_log import write_of
from skewless.registry.identity import Identity, meaning
from skewless.registry.layout import MANIFEST, NO_LINK, files_in, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skewless.compiler.document import Document
    from skewless.compiler.fingerprint import Known
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.published import Published

FORMAT = 1


def export(
    folder: str | Path, published: Published, log: Iterable[LogEntry], store: str
) -> list[str]:
    """Write a registry into a folder that is new, empty, or an export already.

    Args:
        folder: where to.
        published: the definitions and marks.
        log: the applies, the newest first.
        store: whose registry it is.

    Returns:
        The names of the files that were written or removed.

    Raises:
        InputError: the folder holds something else, or cannot be written.
    """
    target = Path(folder)
    there = _own_files(target)
    files = dict(_definitions(published)) | dict(_entries(log))
    manifest = {
        "format": FORMAT,
        "fingerprint_format": fingerprint.FORMAT,
        "store": store,
        "files": {name: digest(content) for name, content in sorted(files.items())},
    }
    changed: list[str] = []
    try:
        # The manifest comes first: what is interrupted then is an export that lacks files.
        for name, content in ({MANIFEST: _json(manifest)} | files).items():
            if _write(target, name, content):
                changed.append(name)
        for name in there:
            if name != MANIFEST and name not in files:
                (target / name).unlink()
                changed.append(name)
    except (OSError, ValueError) as error:  # of names that no file can have
        raise InputError(f"the folder {str(folder)!r} cannot be written: {error}") from error
    return changed


def digest(content: bytes) -> str:
    """Return the digest of a file, as the manifest holds it."""
    return hashlib.sha256(content).hexdigest()


def _own_files(folder: Path) -> list[str]:
    """Return the files of an earlier export; refuse to write over anything else."""
    if not os.path.lexists(folder):
        return []
    found = files_in(folder)
    if found and MANIFEST not in found:
        raise InputError(
            f"the folder {str(folder)!r} is not empty, and no export: it has no {MANIFEST}. Name "
            "another folder"
        )
    return found


def _definitions(published: Published) -> Iterator[tuple[str, bytes]]:
    known: Known = {}
    for item in published.definitions:
        identity = Identity.of(item)
        content: Document = {
            "document": shown(encode(item)),
            "fingerprint": meaning(item, known),
        }
        if patch := published.patches.get(identity):
            content["patch"] = patch
        if identity in published.marks:
            content["mark"] = json.loads(published.marks[identity].to_json())
        yield place_of(identity), _json(content)


def _entries(log: Iterable[LogEntry]) -> Iterator[tuple[str, bytes]]:
    for number, entry in enumerate(reversed([*log]), start=1):
        text = write_of(entry, "")["ExpressionAttributeValues"][":d"]["S"]
        yield f"log/{number:06d}-{entry.at:%Y%m%dT%H%M%SZ}.json", _json(json.loads(text))


def shown(document: Document) -> Document:
    """Return a document with the source of a function line by line, so that its changes show."""
    if "function" not in document:
        return document
    function = document["function"]
    lines: list[str] = function["source"].split("\n")
    return document | {"function": function | {"source": lines}}


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _write(folder: Path, name: str, content: bytes) -> bool:
    """Write a file, unless it is there as it should be; say whether it was written."""
    path = folder / name
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NO_LINK
    with open(os.open(path, flags, 0o644), "wb") as file:  # noqa: PTH123 - of a handle
        file.write(content)
    return True
