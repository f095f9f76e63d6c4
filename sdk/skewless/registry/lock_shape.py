"""What a lock file has to look like before anything in it is decoded.

A lock is merged, edited and sent around, so nothing is taken for granted. Each refusal names the
file, the member and the way out.
"""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.compiler import fingerprint
from skewless.errors import DocumentError, InputError, shown
from skewless.registry.strict_json import parse

if TYPE_CHECKING:
    from skewless.compiler.document import Document

FORMAT = 1
ADVICE = "run skewless lock again, and commit what it writes"
BY_HAND = f"the file was edited or merged by hand; {ADVICE}"
_MOST_BYTES = 64 * 2**20  # a thousand features take half a megabyte
_MEMBERS = (
    "definitions",
    "fingerprint_format",
    "format",
    "online_table",
    "region",
    "service",
    "store",
)
_MEMBERS_OF_ENTRIES = ("document", "fingerprint", "key")
_KEY = re.compile(r"(entity|source|view|service)#[^#]+#\d{5,9}(\.\d{5,9})?", re.ASCII)
# Requests go to a host of the region's name, and the table is a part of what IAM is asked for.
_FORMS = {
    "store": re.compile(r"[^\x00-\x1f]{1,255}"),
    "region": re.compile(r"[a-z0-9-]{1,40}"),
    "online_table": re.compile(r"[A-Za-z0-9_.-]{1,255}"),
    "online_table_arn": re.compile(
        r"arn:[a-z0-9-]+:dynamodb:[a-z0-9-]{1,40}:\d{12}:table/[A-Za-z0-9_.-]{1,255}", re.ASCII
    ),
    "service": _KEY,
    "digest": re.compile(r"[0-9a-f]{64}"),
}


def parsed(path: str | PathLike[str]) -> Document:
    """Read a lock file, of which every member has the form that a lock's has.

    Raises:
        InputError: there is no such file, or it cannot be opened.
        DocumentError: it is no lock of this format.
    """
    content = _json(path)
    document: Document = content if isinstance(content, dict) else {}
    found = (document.get("format"), document.get("fingerprint_format"))
    if [*map(_plain, found)] != [FORMAT, fingerprint.FORMAT]:
        raise DocumentError(
            f"the lock {str(path)!r} has format {shown(found[0])}, fingerprints {shown(found[1])}; "
            f"this skewless reads format {FORMAT}, fingerprints {fingerprint.FORMAT}. Install the "
            f"skewless that wrote it, or {ADVICE}"
        )
    for label in _MEMBERS:
        if label not in document:
            raise DocumentError(f"the lock {str(path)!r} lacks {label!r}; {ADVICE}")
    for label, form in _FORMS.items():
        value = document.get(label)
        if label in document and not (isinstance(value, str) and form.fullmatch(value)):
            raise refused(path, label, value)
    _check_entries(path, document["definitions"])
    _check_arn(path, document)
    return document


def check_members(path: str | PathLike[str], content: Document) -> None:
    """Refuse members that only newer releases write, where no digest vouches for them.

    Raises:
        DocumentError: there is one.
    """
    known = {*_MEMBERS, "online_table_arn"}
    entries = [(entry.keys(), {*_MEMBERS_OF_ENTRIES}) for entry in content["definitions"]]
    for found, expected in [(content.keys(), known), *entries]:
        if unknown := sorted(found - expected):
            raise DocumentError(f"the lock {str(path)!r} has a member {unknown[0]!r}: {BY_HAND}")


def refused(path: str | PathLike[str], label: str, value: object) -> DocumentError:
    """Return the error of a member that has another form."""
    return DocumentError(f"the lock {str(path)!r}: its {label} is {shown(value)}: {BY_HAND}")


def _json(path: str | PathLike[str]) -> object:
    if not isinstance(path, str | PathLike):
        raise InputError(f"{shown(path)} is no path of a lock file")
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ValueError("it has more bytes than any lock")  # noqa: TRY301 - as of bad JSON
        return parse(text)
    except FileNotFoundError as error:
        raise InputError(f"there is no lock file {str(path)!r}; write it with skewless lock") from (
            error
        )
    except OSError as error:
        raise InputError(f"the lock {str(path)!r} cannot be opened: {error.strerror}") from error
    except ValueError as error:
        raise DocumentError(
            f"the lock {str(path)!r} is not JSON ({error}); run skewless lock "
            "again with --force, and commit what it writes"
        ) from error


def _check_entries(path: str | PathLike[str], entries: object) -> None:
    if not isinstance(entries, list):
        raise refused(path, "definitions", entries)
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        label = f"definition {number + 1}"
        if not isinstance(entry, dict):
            raise refused(path, label, entry)
        for member, kind in zip(_MEMBERS_OF_ENTRIES, (dict, str, str), strict=True):
            value: Any = entry.get(member)
            if not isinstance(value, kind) or (member == "key" and not _KEY.fullmatch(value)):
                raise refused(path, f"{label}'s {member}", value)
        if entry["key"] in seen:
            raise DocumentError(
                f"the lock {str(path)!r} has two definitions {entry['key']!r}: {BY_HAND}"
            )
        seen.add(entry["key"])


def _check_arn(path: str | PathLike[str], content: Document) -> None:
    """Check that the table's ARN is of the table and the region that the lock names."""
    if "online_table_arn" not in content:
        return
    arn = content["online_table_arn"]
    _, _, _, region, _, table = arn.split(":")
    for label, repeated in (("online_table", table.removeprefix("table/")), ("region", region)):
        if repeated != content[label]:
            raise DocumentError(
                f"the lock {str(path)!r}: its online_table_arn {arn!r} is not of its {label} "
                f"{content[label]!r}: {BY_HAND}"
            )


def _plain(number: object) -> object:
    """Python takes true and 1.0 for 1."""
    return number if type(number) is int else None
