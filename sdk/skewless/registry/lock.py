"""The lock file: a service and all that it needs, pinned; what an inference Lambda ships with.

Serving reads it in a cold start instead of the registry: standard library and definitions only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.compiler import fingerprint
from skewless.compiler.document import Decoder, encode
from skewless.definitions.collection import Definitions
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.service import FeatureService
from skewless.definitions.view import FeatureRef
from skewless.errors import InputError
from skewless.registry.identity import Identity, meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skewless.aws import Aws, Resources
    from skewless.compiler.document import Document
    from skewless.definitions.service import View

FORMAT = 1
SELECTION = "selection"  # the name of a service that stands for loose features
_ADVICE = "run skewless lock again, and commit what it writes"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedResources:
    """What serving needs of a store's resources; no endpoint.

    Attributes:
        online_table_arn: by which the table is read from any account; empty in locks of older
            releases, which are read by the table's name, in the reader's own account.
    """

    store: str
    online_table: str
    online_table_arn: str = ""

    @classmethod
    def of(cls, resources: Resources, aws: Aws) -> LockedResources:
        """Return those of a store of this account.

        Raises:
            StoreError: AWS did not say which account this is.
        """
        table = resources.online_table
        arn = aws.arn("dynamodb", f"table/{table}")
        return cls(store=resources.store, online_table=table, online_table_arn=arn)

    @property
    def table(self) -> str:
        """What the table is called in requests."""
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
    service: FeatureService | Iterable[tuple[View, str]],
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
    content = {
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
        content = dict(sorted(content.items()))
    text = json.dumps(content, indent=2) + "\n"
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def read_lock(path: str | Path) -> Lock:
    """Read a lock file and rebuild its service.

    Raises:
        InputError: there is no such file, it is none of ours, or a definition in it does not match
            its fingerprint.
    """
    content = _parsed(path)
    decoder = Decoder()
    try:
        entries: list[Document] = content["definitions"]
        for entry in entries:
            _decode(path, decoder, entry)
        service = decoder.services[_service_key(content["service"])]
        return Lock(
            resources=_resources(path, content),
            region=content["region"],
            service=service,
            fingerprints=FrozenMapping({entry["key"]: entry["fingerprint"] for entry in entries}),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the lock {str(path)!r} lacks {error}; {_ADVICE}") from error


def _resources(path: str | Path, content: Document) -> LockedResources:
    name, arn = content["online_table"], content.get("online_table_arn", "")
    if arn and not arn.endswith(f":table/{name}"):
        raise InputError(
            f"the lock {str(path)!r}: its online_table_arn {arn!r} is not of its online_table "
            f"{name!r}: the file was edited or merged by hand; {_ADVICE}"
        )
    return LockedResources(store=content["store"], online_table=name, online_table_arn=arn)


def _decode(path: str | Path, decoder: Decoder, entry: Document) -> None:
    key = entry["key"]
    try:
        item = decoder.decode(entry["document"])
        is_same = Identity.of(item).key == key and meaning(item) == entry["fingerprint"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the lock {str(path)!r}: {_named(key)} cannot be read ({error}); {_ADVICE}"
        ) from error
    if not is_same:
        raise InputError(
            f"the lock {str(path)!r}: {_named(key)} does not match its fingerprint: the file was "
            f"edited or merged by hand; {_ADVICE}"
        )


def _parsed(path: str | Path) -> Document:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"there is no lock file {str(path)!r}; write it with skewless lock") from (
            error
        )
    except ValueError as error:
        raise InputError(
            f"the lock {str(path)!r} is not JSON ({error}); run skewless lock "
            "again with --force, and commit what it writes"
        ) from error
    document: Document = content if isinstance(content, dict) else {}
    found = (document.get("format"), document.get("fingerprint_format"))
    if found != (FORMAT, fingerprint.FORMAT):
        raise InputError(
            f"the lock {str(path)!r} has format {found[0]}, fingerprints {found[1]}; this skewless "
            f"reads format {FORMAT}, fingerprints {fingerprint.FORMAT}. Install the skewless that "
            f"wrote it, or {_ADVICE}"
        )
    return document


def _service(service: FeatureService | Iterable[tuple[View, str]]) -> FeatureService:
    if isinstance(service, FeatureService):
        return service
    return FeatureService(SELECTION, features=[FeatureRef(*pair) for pair in service])


def _service_key(key: str) -> tuple[str, int]:
    identity = Identity.parse(key)
    return identity.name, identity.version


def _named(key: str) -> str:
    try:
        return str(Identity.parse(key))
    except ValueError:
        return repr(key)


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
