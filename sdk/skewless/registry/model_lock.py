"""ModelLock: a lock that a model ships with, as the registry remembers it. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skewless.definitions.names import versioned
from skewless.definitions.view import view_behind
from skewless.errors import InputError, shown
from skewless.registry.identity import Identity
from skewless.registry.lock import SELECTION
from skewless.registry.strict_json import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skewless.definitions.service import FeatureService
    from skewless.registry.marks import Mark

SHORT = 12  # digits of a digest that people read and write
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:/+-]{0,126}[A-Za-z0-9])?", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedOn:
    """A training set that a model was trained on, as its manifest told when it was recorded.

    Attributes:
        place: where the set is: a path or an `s3://` address; empty if it was never written.
        manifest: the SHA-256 of the manifest.
        digest: of the set's values.
        rows: how many labels it has.
        mode: how it was made; see `get_historical_features`.
        snapshots: of the log, by source.
        features: `view@version:feature`, each with its view's fingerprint, sorted.
        differences: in what it differs from what is locked, one sentence each; it was recorded all
            the same.
    """

    place: str
    manifest: str
    digest: str
    rows: int
    mode: str
    snapshots: Mapping[str, int | None]
    features: tuple[tuple[str, str], ...]
    differences: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Where it is; of one that was never written, its digest."""
        return self.place or f"training set {self.digest[:SHORT]}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "place": self.place,
            "manifest": self.manifest,
            "digest": self.digest,
            "rows": self.rows,
            "mode": self.mode,
            "snapshots": dict(self.snapshots),
            "features": [list(pair) for pair in self.features],
            "differences": list(self.differences),
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> TrainedOn:
        """Read what `to_dict` wrote.

        Raises:
            ValueError, KeyError, TypeError: it is something else.
        """
        return cls(
            place=str(found["place"]),
            manifest=str(found["manifest"]),
            digest=str(found["digest"]),
            rows=int(found["rows"]),
            mode=str(found["mode"]),
            snapshots=dict(found["snapshots"]),
            features=tuple((str(name), str(digits)) for name, digits in found["features"]),
            differences=tuple(map(str, found["differences"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLock:
    """A lock that a model ships with. A model may have several that are deployed.

    Attributes:
        model: its name; where none was given, that of the service or views.
        digest: of the lock file: 64 hexadecimal digits.
        service: as `fraud_model@1`; empty where views were locked.
        pinned: fingerprints of all definitions in the lock, by registry key.
        features: as `spending@1:mean_30d`, in the model's order.
        by: the ARN of whoever registered it.
        at: when.
        commit: of the repository where it was written; empty if unknown.
        training: the sets that the model was trained on.
        ended_at: when it was said that it is no longer deployed; None while it is.
        ended_by: who said so.
    """

    model: str
    digest: str
    service: str
    pinned: Mapping[str, str]
    features: tuple[str, ...]
    by: str
    at: datetime
    commit: str = ""
    training: tuple[TrainedOn, ...] = ()
    ended_at: datetime | None = None
    ended_by: str = ""

    @classmethod
    def of(  # noqa: PLR0913 - what is remembered
        cls,
        service: FeatureService,
        pinned: Mapping[str, str],
        digest: str,
        *,
        model: str | None,
        by: str,
        at: datetime,
        commit: str = "",
        training: Iterable[TrainedOn] = (),
    ) -> ModelLock:
        """Return the record of a lock; see the attributes.

        Raises:
            InputError: no model can have the name.
        """
        is_service = service.name != SELECTION
        own = service.name if is_service else "+".join(_views(service))[:120].rstrip("+")
        return cls(
            model=own if model is None else checked_name(model),
            digest=digest,
            service=versioned(service.name, service.version) if is_service else "",
            pinned=dict(pinned),
            features=tuple(
                f"{versioned(view_behind(view).name, view_behind(view).version)}:{feature}"
                for view, feature in service.features
            ),
            by=by,
            at=at.astimezone(UTC),
            commit=commit,
            training=tuple(training),
        )

    @property
    def key(self) -> str:
        """The sort key in the registry."""
        return f"{self.model}#{self.digest}"

    @property
    def short(self) -> str:
        """The first digits of the digest."""
        return self.digest[:SHORT]

    @property
    def is_live(self) -> bool:
        """Whether it counts as deployed."""
        return self.ended_at is None

    @property
    def identities(self) -> frozenset[Identity]:
        """Return all definitions that it pins."""
        return frozenset(map(Identity.parse, self.pinned))

    def marked(self, marks: Mapping[Identity, Mark]) -> list[str]:
        """Say what it pins that is marked, one sentence each without its full stop."""
        found = sorted(self.identities & marks.keys())
        return [f"{identity} {marks[identity]}" for identity in found]

    @property
    def skew(self) -> list[str]:
        """In what its training sets differ from what it pins, one sentence each."""
        return [f"{one.name}: {told}" for one in self.training for told in one.differences]

    def remarks(self, marks: Mapping[Identity, Mark]) -> list[str]:
        """Say all that is wrong with it."""
        return [*self.marked(marks), *self.skew]

    def ended(self, at: datetime, by: str) -> ModelLock:
        """Return the record of a lock that is no longer deployed."""
        return replace(self, ended_at=at.astimezone(UTC), ended_by=by)

    def renewed(self, other: ModelLock) -> ModelLock:
        """Return this record after the same lock was registered again: with more training sets."""
        new = {one.manifest: one for one in self.training}
        new |= {one.manifest: one for one in other.training if one.place or one.manifest not in new}
        live = self if self.is_live else replace(other, commit=other.commit or self.commit)
        return replace(live, training=tuple(new.values()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "model": self.model,
            "digest": self.digest,
            "service": self.service,
            "pinned": dict(self.pinned),
            "features": list(self.features),
            "by": self.by,
            "at": self.at.isoformat(),
            "commit": self.commit,
            "training": [one.to_dict() for one in self.training],
            "ended_at": None if self.ended_at is None else self.ended_at.isoformat(),
            "ended_by": self.ended_by,
        }

    def to_json(self) -> str:
        """Return the record as the registry holds it."""
        return json.dumps(self.to_dict(), separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ModelLock:
        """Read what `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is something else.
        """
        found = parse(text)
        ended = found["ended_at"]
        pinned = {str(key): str(digits) for key, digits in found["pinned"].items()}
        for key in pinned:
            Identity.parse(key)
        if not _DIGEST.fullmatch(found["digest"]):
            raise ValueError(f"its digest is {shown(found['digest'])}")
        return cls(
            model=checked_name(found["model"]),
            digest=found["digest"],
            service=str(found["service"]),
            pinned=pinned,
            features=tuple(map(str, found["features"])),
            by=str(found["by"]),
            at=datetime.fromisoformat(found["at"]),
            commit=str(found["commit"]),
            training=tuple(map(TrainedOn.from_dict, found["training"])),
            ended_at=None
            if (ended := found["ended_at"]) is None
            else datetime.fromisoformat(ended),
            ended_by=str(found["ended_by"]),
        )

    def __str__(self) -> str:
        return f"model {self.model!r} (lock {self.short})"


def checked_name(name: object) -> str:
    """Return a model's name.

    Raises:
        InputError: no model can have it.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            f"the model's name {shown(name)} must be up to 128 of letters, digits and ._:/+-, a "
            "letter or digit first and last"
        )
    return name


def _views(service: FeatureService) -> list[str]:
    return [*dict.fromkeys(view_behind(view).name for view, _ in service.features)]
