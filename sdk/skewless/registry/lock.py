"""The lock file: a service and all that it needs, pinned; what an inference Lambda ships with.

A lock carries a digest over everything but descriptions, owners and tags. Locks of older releases
have no digest: for these only the definitions are checked, and what the table's ARN repeats.

Serving reads it in a cold start instead of the registry: standard library and definitions only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.compiler import fingerprint
from skewless.compiler.document import UNREADABLE, Decoder, encode
from skewless.definitions.collection import Definitions
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.service import FeatureService
from skewless.definitions.view import FeatureRef
from skewless.errors import DocumentError, InputError, shown
from skewless.registry.identity import Identity, meaning, without_prose
from skewless.registry.strict_json import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skewless.aws import Aws, Resources
    from skewless.compiler.document import Document
    from skewless.compiler.fingerprint import Known
    from skewless.definitions.service import AnyView
    from skewless.definitions.version import Version

FORMAT = 1
SELECTION = "selection"  # the name of a service that stands for loose features
_ADVICE = "run skewless lock again, and commit what it writes"
_BY_HAND = f"the file was edited or merged by hand; {_ADVICE}"
_MEMBERS = frozenset(
    {
        "definitions",
        "fingerprint_format",
        "format",
        "online_table",
        "online_table_arn",
        "region",
        "service",
        "store",
    }
)
_MEMBERS_OF_ENTRIES = frozenset({"document", "fingerprint", "key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedResources:
    """The resources of a store that serving needs; no endpoint.

    Attributes:
        online_table_arn: by which the table is read from any account; empty in locks of older
            releases, which are read by the table's name, in the reader's own account.
    """

    store: str
    online_table: str
    online_table_arn: str = ""

    @classmethod
    def of(cls, resources: Resources, aws: Aws) -> LockedResources:
        """Return the resources of a store in this account.

        Raises:
            StoreError: AWS did not say which account this is.
        """
        table = resources.online_table
        arn = aws.arn("dynamodb", f"table/{table}")
        return cls(store=resources.store, online_table=table, online_table_arn=arn)

    @property
    def table(self) -> str:
        """The table's name in requests."""
        return self.online_table_arn or self.online_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock file, read and checked.

    Attributes:
        region: the AWS region of the store.
        service: the features, with the views that they are of.
        fingerprints: by registry key, for example `view#carrier_delays#00001`.
    """

    resources: LockedResources
    region: str
    service: FeatureService
    fingerprints: Mapping[str, str]


def write_lock(
    path: str | Path,
    service: FeatureService | Iterable[tuple[AnyView, str]],
    resources: Resources | LockedResources,
    region: str,
) -> None:
    """Pin a service, or a selection of features, as it is published.

    Args:
        path: the file to write; the same definitions give the same bytes.
        service: what `resolve` returned.
        resources: the store's; with the table's ARN, other accounts can read by the lock.
        region: the AWS region of the store.
    """
    pinned = _service(service)
    content: Document = {
        "definitions": [
            {
                "document": _sorted(encode(item)),
                "fingerprint": meaning(item),
                "key": Identity.of(item).key,
            }
            for item in Definitions.collect(pinned)
        ],
        "fingerprint_format": fingerprint.FORMAT,
        "format": FORMAT,
        "online_table": resources.online_table,
        "region": region,
        "service": Identity.of(pinned).key,
        "store": resources.store,
    }
    if isinstance(resources, LockedResources) and resources.online_table_arn:
        content["online_table_arn"] = resources.online_table_arn
    content["digest"] = _digest(content)
    text = json.dumps(dict(sorted(content.items())), indent=2) + "\n"
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def read_lock(path: str | Path) -> Lock:
    """Read a lock file and rebuild its service.

    Raises:
        InputError: there is no such file, or it cannot be opened.
        DocumentError: it is no lock, or it was changed after it was written.
    """
    content = _parsed(path)
    decoder = Decoder()
    try:
        entries: list[Document] = content["definitions"]
        known: Known = {}
        # Definitions are checked before the digest, because their errors name the definition.
        for entry in entries:
            _decode(path, decoder, entry, known)
        service = decoder.services[_service_key(content["service"])]
        resources, region = _resources(path, content), _text(path, content, "region")
        _check_whole(path, content)
        return Lock(
            resources=resources,
            region=region,
            service=service,
            fingerprints=FrozenMapping({entry["key"]: entry["fingerprint"] for entry in entries}),
        )
    except DocumentError:
        raise
    except UNREADABLE as error:
        raise DocumentError(f"the lock {str(path)!r} lacks {error}; {_ADVICE}") from error


def _check_whole(path: str | Path, content: Document) -> None:
    """Compare the digest. Without one, refuse members that only newer releases write."""
    if "digest" in content:
        if content["digest"] != (now := _digest(content)):
            raise DocumentError(
                f"the lock {str(path)!r} does not match its digest: its content has {now}, the "
                f"file says {content['digest']!r}: {_BY_HAND}"
            )
        return
    entries = [(entry.keys(), _MEMBERS_OF_ENTRIES) for entry in content["definitions"]]
    for found, known in [(content.keys(), _MEMBERS), *entries]:
        if unknown := sorted(found - known):
            raise DocumentError(f"the lock {str(path)!r} has a member {unknown[0]!r}: {_BY_HAND}")


def _digest(content: Document) -> str:
    """Return 64 hexadecimal digits over all of a lock but its words for people."""
    canonical = {key: value for key, value in content.items() if key != "digest"}
    canonical["definitions"] = [
        {**entry, "document": without_prose(entry["document"])} for entry in content["definitions"]
    ]
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _resources(path: str | Path, content: Document) -> LockedResources:
    name, store = _text(path, content, "online_table"), _text(path, content, "store")
    if "online_table_arn" not in content:
        return LockedResources(store=store, online_table=name)
    arn = _text(path, content, "online_table_arn")
    for label, is_of in (
        ("online_table", arn.endswith(f":table/{name}")),
        ("region", arn.split(":")[3:4] == [content["region"]]),
    ):
        if not is_of:
            raise DocumentError(
                f"the lock {str(path)!r}: its online_table_arn {arn!r} is not of its {label} "
                f"{content[label]!r}: {_BY_HAND}"
            )
    return LockedResources(store=store, online_table=name, online_table_arn=arn)


def _text(path: str | Path, content: Document, label: str) -> str:
    value = content[label]
    if not isinstance(value, str) or not value:
        raise DocumentError(f"the lock {str(path)!r}: its {label} is {shown(value)}: {_BY_HAND}")
    return value


def _decode(path: str | Path, decoder: Decoder, entry: Document, known: Known) -> None:
    key = entry["key"]
    try:
        item = decoder.decode(entry["document"])
        is_same = Identity.of(item).key == key and meaning(item, known) == entry["fingerprint"]
    except UNREADABLE as error:
        raise DocumentError(
            f"the lock {str(path)!r}: {_named(key)} cannot be read ({error}); {_ADVICE}"
        ) from error
    if not is_same:
        raise DocumentError(
            f"the lock {str(path)!r}: {_named(key)} does not match its fingerprint: {_BY_HAND}"
        )


def _parsed(path: str | Path) -> Document:
    if not isinstance(path, str | PathLike):
        raise InputError(f"{shown(path)} is no path of a lock file")
    try:
        content = parse(Path(path).read_bytes())
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
    document: Document = content if isinstance(content, dict) else {}
    found = (document.get("format"), document.get("fingerprint_format"))
    if [*map(_plain, found)] != [FORMAT, fingerprint.FORMAT]:
        raise DocumentError(
            f"the lock {str(path)!r} has format {found[0]}, fingerprints {found[1]}; this skewless "
            f"reads format {FORMAT}, fingerprints {fingerprint.FORMAT}. Install the skewless that "
            f"wrote it, or {_ADVICE}"
        )
    return document


def _plain(number: object) -> object:
    """Python takes true and 1.0 for 1."""
    return number if type(number) is int else None


def _service(service: FeatureService | Iterable[tuple[AnyView, str]]) -> FeatureService:
    if isinstance(service, FeatureService):
        return service
    return FeatureService(SELECTION, features=[FeatureRef(*pair) for pair in service])


def _service_key(key: str) -> tuple[str, Version]:
    identity = Identity.parse(key)
    return identity.name, identity.version


def _named(key: object) -> str:
    try:
        return str(Identity.parse(str(key)))
    except ValueError:
        return shown(key)


def _sorted(value: Any, *, keeps_order: bool = False) -> Any:
    """Sort the keys of a document, but not its features, whose order counts."""
    match value:
        case dict():
            items = value.items() if keeps_order else sorted(value.items())
            return {key: _sorted(item, keeps_order=key == "features") for key, item in items}
        case list():
            return [_sorted(item) for item in value]
        case _:
            return value
