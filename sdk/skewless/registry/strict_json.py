"""JSON that can be understood in one way only.

Python's parser takes the last of two members with one name, and accepts NaN, Infinity and
1e999. So it reads a badly merged file without complaint.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

_MERGE_MARKER = "<<<<<<<"


def parse(text: str | bytes) -> Any:
    """Return what a JSON text says.

    Args:
        text: bytes are UTF-8, without a byte order mark.

    Raises:
        ValueError: it is no JSON, an object has two members of one name, a number is none of
            JSON's, or it is nested too deeply; the message says which.
    """
    found = text.decode("utf-8") if isinstance(text, bytes) else text
    try:
        return json.loads(
            found, object_pairs_hook=_members, parse_float=_finite, parse_constant=_refuse
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        if any(line.startswith(_MERGE_MARKER) for line in found.splitlines()):
            raise ValueError("it holds the marks of a merge that has conflicts") from error
        raise


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"an object has two members {name!r}")
        members[name] = value
    return members


def _finite(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(f"{text[:20]} is too large for a number")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
