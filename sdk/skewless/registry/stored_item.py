"""An item of the registry's table, checked against the fingerprint stored beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.compiler.document import UNREADABLE, Decoder
from skewless.errors import UnknownNameError
from skewless.registry.identity import Identity, meaning
from skewless.registry.marks import Mark
from skewless.registry.strict_json import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.compiler.fingerprint import Known
    from skewless.definitions.collection import Definition


PARTITION = "definition"
MARK = "m"
# How often the words changed, if they ever did.
PATCH = "p"
# A digest of the document: a condition on the document itself would count as much as its write.
DIGEST = "w"
# A set of texts: the applies that wrote the item, each as `<id>/<how many it wrote>`.
APPLIES = "a"


def decoded(items: Iterable[dict[str, Any]]) -> list[Definition]:
    """Rebuild what is published, in order of dependency.

    Args:
        items: as DynamoDB returns them: `d` is the document, `fingerprint` what it means, `o` how
            many definitions stand below it at most. Another order that brings each after what it
            refers to would do as well, and is not looked at.

    Raises:
        ValueError: an item was changed after it was written, or refers to a missing one.
    """
    decoder = Decoder()
    known: Known = {}
    return [_decoded(decoder, known, item) for item in sorted(items, key=_order)]


def marks_of(items: Iterable[dict[str, Any]]) -> dict[Identity, Mark]:
    """Return what is marked.

    Raises:
        ValueError: a mark was edited.
    """
    found: dict[Identity, Mark] = {}
    for item in items:
        if MARK in item:
            try:
                found[Identity.parse(item["sk"]["S"])] = Mark.from_json(item[MARK]["S"])
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"the mark of {_named(item)} cannot be read ({error})") from error
    return found


def patches_of(items: Iterable[dict[str, Any]]) -> dict[Identity, int]:
    """Return how often the words of each changed, where they did.

    Raises:
        ValueError: a number was edited.
    """
    found: dict[Identity, int] = {}
    for item in items:
        if PATCH in item:
            try:
                found[Identity.parse(item["sk"]["S"])] = int(item[PATCH]["N"])
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"the patch of {_named(item)} is no number ({error})") from error
    return {identity: patch for identity, patch in found.items() if patch}


def _order(item: dict[str, Any]) -> tuple[int, str]:
    try:
        return int(item["o"]["N"]), item["sk"]["S"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{_named(item)} has no order o that is a number") from error


def _decoded(decoder: Decoder, known: Known, item: dict[str, Any]) -> Definition:
    try:
        found = decoder.decode(parse(item["d"]["S"]))
        written = item["fingerprint"]["S"]
    except UnknownNameError as error:
        raise ValueError(f"{_named(item)} cannot be read ({error})") from error
    except KeyError as error:
        raise ValueError(f"{_named(item)} lacks, or refers to what lacks: {error}") from error
    except UNREADABLE as error:
        raise ValueError(f"{_named(item)} cannot be read ({error})") from error
    if Identity.of(found).key != item["sk"]["S"]:
        raise ValueError(f"{_named(item)} holds the document of {Identity.of(found)}")
    if (now := meaning(found, known)) != written:
        raise ValueError(
            f"{_named(item)} does not mean what was published: its document has the fingerprint "
            f"{now}, beside it stands {written}"
        )
    return found


def _named(item: dict[str, Any]) -> str:
    key = item["sk"]["S"]
    try:
        return str(Identity.parse(key))
    except ValueError:
        return repr(key)
