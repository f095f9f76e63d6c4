"""Identity: the name and version of a published definition, and the digest of its meaning."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, assert_never

from skewless.compiler.document import encode
from skewless.compiler.fingerprint import LENGTH, fingerprint
from skewless.definitions.entity import Entity
from skewless.definitions.on_demand import OnDemandView, views_read
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureView, view_behind
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.compiler.document import Document
    from skewless.compiler.fingerprint import Known
    from skewless.definitions.collection import Definition
    from skewless.definitions.service import AnyView

PROSE = ("description", "owner", "tags")


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """A name in its namespace, and a version.

    Attributes:
        kind: entity, source, view or service; views and on-demand views share one namespace.
        version: always 1 for an entity or a source, which have none.
    """

    kind: str
    name: str
    version: Version

    @classmethod
    def of(cls, item: Definition) -> Identity:
        """Return what the definition is published under."""
        match item:
            case Entity():
                return cls("entity", item.name, Version(1))
            case Source():
                return cls("source", item.name, Version(1))
            case FeatureView() | OnDemandView():
                return cls("view", item.name, item.version.without_patch)
            case FeatureService():
                return cls("service", item.name, item.version.without_patch)
            case _:
                assert_never(item)

    @classmethod
    def parse(cls, key: str) -> Identity:
        """Read a sort key."""
        kind, name, version = key.split("#")
        return cls(kind, name, Version(*map(int, version.split("."))))

    @property
    def key(self) -> str:
        """The sort key: versions sort as numbers."""
        version = self.version
        minor = f".{version.minor:05d}" if version.minor else ""
        return f"{self.kind}#{self.name}#{version.major:05d}{minor}"

    def __str__(self) -> str:
        version = f" version {self.version}" if self.kind in ("view", "service") else ""
        return f"{self.kind} {self.name!r}{version}"


def meaning(item: Definition, known: Known | None = None) -> str:
    """Return 16 hexadecimal digits over all of the definition but its prose.

    For views and services this is their fingerprint, which the online store and locks use as well.
    `known` is as for `fingerprint`.
    """
    match item:
        case FeatureView() | OnDemandView() | FeatureService():
            return fingerprint(item, known)
        case Entity() | Source():
            document = without_prose(encode(item))
            text = json.dumps(document, sort_keys=True, separators=(",", ":"))
            return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
        case _:
            assert_never(item)


def without_prose(document: Document) -> Document:
    """Return the document without description, owner and tags."""
    return {key: value for key, value in document.items() if key not in PROSE}


def level(item: Definition) -> int:
    """Return a number that is greater than that of everything the definition refers to.

    It depends on the definition alone, so that two people who publish at once agree on it.
    """
    match item:
        case Entity() | Source():
            return 0
        case FeatureView():
            return 1
        case OnDemandView() | FeatureService():
            return 1 + max((level(view) for view in reads(item)), default=0)
        case _:
            assert_never(item)


def reads(item: OnDemandView | FeatureService) -> tuple[FeatureView | OnDemandView, ...]:
    """Return the published views that the definition itself names, each once in whatever roles."""
    return tuple(dict.fromkeys(map(view_behind, dict.fromkeys(named_by(item)))))


def named_by(item: OnDemandView | FeatureService) -> Iterator[AnyView]:
    """Return the views and roles that the definition itself names, as often as it names one."""
    match item:
        case FeatureService():
            yield from (view for view, _ in item.features)
        case OnDemandView():
            yield from views_read(item)
        case _:
            assert_never(item)
