"""Rules for names: identifiers and reserved names, checked the same way everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from skewless.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skewless.definitions.version import Version

MAX_NAME_LENGTH = 100
INGEST_TIME = "ingest_time"
INGEST_SHARD = "ingest_shard"
INGEST_SEQUENCE = "ingest_sequence"
SYSTEM_COLUMNS = (INGEST_TIME, INGEST_SHARD, INGEST_SEQUENCE)
TOMBSTONE = "is_deleted"
RESERVED_PREFIX = "skewless_"

# Glue and Athena fold names to lower case, so an object's name is lower case to begin with.
_OBJECT = re.compile(r"[a-z][a-z0-9_]*")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def object_name_problems(name: object) -> Iterator[str]:
    """Check the name of an entity, source, view or service."""
    if not isinstance(name, str) or not _OBJECT.fullmatch(name):
        yield f"the name {name!r} must be lower case letters, digits and _, a letter first"
    elif len(name) > MAX_NAME_LENGTH:
        yield f"the name {name!r} is longer than {MAX_NAME_LENGTH} characters"
    elif "__" in name:
        yield f"the name {name!r} holds '__', which separates view and feature in full names"
    elif name.startswith(RESERVED_PREFIX):
        yield f"the name {name!r} starts with {RESERVED_PREFIX!r}, which is reserved"


def column_name_problems(kind: str, names: Iterable[object]) -> Iterator[str]:
    """Check the names of columns, keys, request fields or features, which become SQL columns."""
    seen: dict[str, str] = {}
    told: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not _COLUMN.fullmatch(name):
            yield f"the {kind} name {name!r} must be letters, digits and _, no digit first"
            continue
        if len(name) > MAX_NAME_LENGTH:
            yield f"the {kind} name {name!r} is longer than {MAX_NAME_LENGTH} characters"
        if name.lower() in SYSTEM_COLUMNS or name.lower().startswith(RESERVED_PREFIX):
            yield f"the {kind} name {name!r} is reserved for the store; choose another"
        same = seen.setdefault(name.lower(), name)
        if name in told:
            yield f"the {kind} name {name!r} is given twice"
        elif same != name:
            yield f"the {kind} names {same!r} and {name!r} differ only by case"
        told.add(name)


def text_problems(description: object, owner: object, tags: object) -> Iterator[str]:
    """Check description, owner and tags, which are for people and change no value."""
    for label, value in (("description", description), ("owner", owner)):
        if not is_text(value):
            yield f"the {label} must be text, not {shown(value)}"
    if not isinstance(tags, Mapping):
        yield f"the tags must map text to text, for example {{'tier': 'gold'}}, not {shown(tags)}"
        return
    for key, value in tags.items():
        if not is_text(key) or not is_text(value):
            yield f"the tag {key!r}: {value!r} must be text to text"


def is_text(value: object) -> bool:
    """Say whether a value is a str that can be written as UTF-8; a lone surrogate cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def versioned(name: str, version: Version | int) -> str:
    """Return what a version of a view or service is called: `clicks@2`."""
    return f"{name}@{version}"
