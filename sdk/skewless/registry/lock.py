"""The lock file: a service and all that it needs, pinned; what an inference Lambda ships with.

A lock carries a digest over everything but descriptions, owners and tags. Locks of older releases
have no digest: for these only the definitions are checked, and what the table's ARN repeats.

Serving reads it in a cold start instead of the registry: standard library and definitions only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import field
from typing import TYPE_CHECKING, Any

from skewless.compiler import fingerprint
from skewless.compiler.document import UNREADABLE, Decoder, encode
from skewless.definitions.collection import Definitions
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.service import FeatureService
from skewless.definitions.view import FeatureRef
from skewless.errors import DocumentError
from skewless.quick import dataclass
from skewless.registry.atomic import write_text
from skewless.registry.identity import Identity, meaning, without_prose
from skewless.registry.lock_shape import ADVICE, BY_HAND, FORMAT, check_members, parsed, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from skewless.aws import Aws, Resources
    from skewless.compiler.document import Document
    from skewless.compiler.fingerprint import Known
    from skewless.definitions.collection import Definition
    from skewless.definitions.service import AnyView

SELECTION = "selection"  # the name of a service that stands for loose features


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
        digest: of its content; the files of older releases do not have it.
    """

    resources: LockedResources
    region: str
    service: FeatureService
    fingerprints: Mapping[str, str]
    digest: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockText:
    """A lock that is not written yet.

    Attributes:
        text: of the file.
        digest: of its content.
        service: what it pins; loose features are a service of the name `SELECTION`.
        fingerprints: by registry key.
    """

    text: str
    digest: str
    service: FeatureService
    fingerprints: Mapping[str, str]

    @classmethod
    def of(
        cls,
        service: FeatureService | Iterable[tuple[AnyView, str]],
        resources: Resources | LockedResources,
        region: str,
    ) -> LockText:
        """Return the lock of a service, or of a selection of features; see `write_lock`."""
        pinned = service_of(service)
        content = content_of(pinned, resources, region)
        content["digest"] = digest_of(content)
        return cls(
            text=json.dumps(dict(sorted(content.items())), indent=2) + "\n",
            digest=content["digest"],
            service=pinned,
            fingerprints={entry["key"]: entry["fingerprint"] for entry in content["definitions"]},
        )

    def write(self, path: str | Path) -> None:
        """Write the file, as a whole."""
        write_text(path, self.text)


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
    LockText.of(service, resources, region).write(path)


def content_of(
    service: FeatureService | Iterable[tuple[AnyView, str]],
    resources: Resources | LockedResources,
    region: str,
) -> Document:
    """Return what a lock of a service holds, without its digest; the arguments are as above."""
    pinned = service_of(service)
    known: Known = {}
    content: Document = {
        "definitions": [
            {
                "document": _sorted(encode(item)),
                "fingerprint": meaning(item, known),
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
    return content


def read_lock(path: str | Path) -> Lock:
    """Read a lock file and rebuild its service.

    Raises:
        InputError: there is no such file, or it cannot be opened.
        DocumentError: it is no lock, or it was changed after it was written.
    """
    content = parsed(path)
    decoder, known = Decoder(), dict[int, str]()
    entries: list[Document] = content["definitions"]
    # Definitions are checked before the digest, because their errors name the definition.
    items = {entry["key"]: _decode(path, decoder, entry, known) for entry in entries}
    service = items.get(content["service"])
    if not isinstance(service, FeatureService):
        raise refused(path, "service", content["service"])
    digest = _check_whole(path, content)
    return Lock(
        resources=LockedResources(
            store=content["store"],
            online_table=content["online_table"],
            online_table_arn=content.get("online_table_arn", ""),
        ),
        region=content["region"],
        service=service,
        fingerprints=FrozenMapping({entry["key"]: entry["fingerprint"] for entry in entries}),
        digest=digest,
    )


def _check_whole(path: str | Path, content: Document) -> str:
    """Compare the digest with the content, and return the content's."""
    if "digest" not in content:
        check_members(path, content)
    try:
        now = digest_of(content)
    except RecursionError as error:
        raise DocumentError(f"the lock {str(path)!r} is nested too deeply: {BY_HAND}") from error
    if content.get("digest", now) != now:
        raise DocumentError(
            f"the lock {str(path)!r} does not match its digest: its content has {now}, the "
            f"file says {content['digest']!r}: {BY_HAND}"
        )
    return now


def digest_of(content: Document) -> str:
    """Return 64 hexadecimal digits over all of a lock but its words for people."""
    canonical = {key: value for key, value in content.items() if key != "digest"}
    canonical["definitions"] = [
        {**entry, "document": without_prose(entry["document"])} for entry in content["definitions"]
    ]
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _decode(path: str | Path, decoder: Decoder, entry: Document, known: Known) -> Definition:
    key, named = entry["key"], f"the lock {str(path)!r}: {Identity.parse(entry['key'])}"
    try:
        item = decoder.decode(entry["document"])
        is_same = Identity.of(item).key == key and meaning(item, known) == entry["fingerprint"]
    except UNREADABLE as error:
        raise DocumentError(f"{named} cannot be read ({error}); {ADVICE}") from error
    if not is_same:
        raise DocumentError(f"{named} does not match its fingerprint: {BY_HAND}")
    return item


def service_of(service: FeatureService | Iterable[tuple[AnyView, str]]) -> FeatureService:
    """Return the service that a lock holds: for loose features one that stands for them."""
    if isinstance(service, FeatureService):
        return service
    return FeatureService(SELECTION, features=[FeatureRef(*pair) for pair in service])


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
