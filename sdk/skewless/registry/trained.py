"""Training sets beside what is locked: whether a model was trained on what it will be served. Pure.

A value is the same if the view's fingerprint is, or the feature's own: see `feature_fingerprint`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.document import encode_role
from skewless.compiler.fingerprint import feature_fingerprint, fingerprint
from skewless.definitions.names import versioned
from skewless.definitions.view import Role, view_behind
from skewless.errors import InputError, UnknownNameError, shown
from skewless.registry.model_lock import TrainedOn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skewless.compiler.fingerprint import Known
    from skewless.definitions.service import AnyView, FeatureService
    from skewless.registry.published import Published

_MOST_NAMED = 5
_LEAK_PRONE = "event_time"
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


class _Feature(NamedTuple):
    """A feature as it was locked, or as a set has it.

    Attributes:
        view: the view's name.
        label: `view@version:feature`.
        feature: the feature's name.
        role: the role that the view is read in, as JSON; empty if none.
        digits: the view's fingerprint.
        own: the feature's own fingerprint; empty if it is not known.
    """

    view: str
    label: str
    feature: str
    role: str
    digits: str
    own: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What stays the same from version to version."""
        return self.view, self.feature, self.role

    def has_value_of(self, other: _Feature) -> bool:
        """Say whether both have the same value for each entity at each instant."""
        if (self.feature, self.role) != (other.feature, other.role):
            return False
        return self.digits == other.digits or (self.own == other.own and self.own != "")


@dataclass(frozen=True, slots=True)
class TrainingManifest:
    """A manifest that was read, and where its set is."""

    content: Mapping[str, Any]
    place: str

    def record(self) -> TrainedOn:
        """Return what is remembered of it.

        Raises:
            InputError: it is no manifest of a training set.
        """
        made = self.content
        text = json.dumps(made, sort_keys=True, separators=(",", ":"), default=str)
        try:
            features = {
                (f"{versioned(each['view'], each['version'])}:{each['feature']}", _digits(each))
                for each in made["features"]
            }
            return TrainedOn(
                place=self.place,
                manifest=hashlib.sha256(text.encode()).hexdigest(),
                digest=str(made["digest"]),
                rows=int(made["rows"]),
                mode=str(made["mode"]),
                snapshots={str(name): _snapshot(pin) for name, pin in made["snapshots"].items()},
                features=tuple(sorted(features)),
            )
        except _UNREADABLE as error:
            raise self._unreadable(error) from error

    def features(self, published: Published) -> list[_Feature]:
        """Return the features that the set has, in its order.

        Raises:
            InputError: it is no manifest of a training set.
        """
        known: Known = {}
        try:
            return [
                _Feature(
                    str(each["view"]),
                    f"{versioned(each['view'], each['version'])}:{each['feature']}",
                    str(each["feature"]),
                    _role_text(each["role"]) if "role" in each else "",
                    _digits(each),
                    _own(published, each, known),
                )
                for each in self.content["features"]
            ]
        except _UNREADABLE as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> InputError:
        return InputError(
            f"{self.place or 'what was given'!r} has no manifest of a training set: it lacks, or "
            f"has in another form, {error}"
        )


def trained_on(
    published: Published, service: FeatureService, manifests: Sequence[TrainingManifest]
) -> tuple[TrainedOn, ...]:
    """Return what is remembered of training sets, each with its differences from what is locked.

    Args:
        published: where the sets' features are looked up.
        service: what is locked.
        manifests: of the sets; together they have all that is locked, each perhaps a part.

    Raises:
        InputError: one is no manifest of a training set.
    """
    known: Known = {}
    locked = [_locked(view, feature, known) for view, feature in service.features]
    sets = [made.features(published) for made in manifests]
    found = []
    for made, features in zip(manifests, sets, strict=True):
        told = [*_differences(made, features, locked)]
        if made is manifests[0]:
            told += _lacking(locked, [one for some in sets for one in some])
        found.append(replace(made.record(), differences=tuple(told)))
    return tuple(found)


def _differences(
    made: TrainingManifest, features: list[_Feature], locked: list[_Feature]
) -> Iterator[str]:
    if made.content.get("mode") == _LEAK_PRONE:
        yield (
            f"it was made with mode={_LEAK_PRONE!r}, which ignores when events became known: "
            "serving cannot have such values"
        )
    by_place = {one.place: one for one in locked}
    for one in features:
        other = by_place.get(one.place)
        if other is not None and not one.has_value_of(other):
            yield (
                f"its {one.label} (fingerprint {one.digits}) is not {other.label} (fingerprint "
                f"{other.digits}), which is locked"
            )
    here = [at for one in features for at, other in enumerate(locked) if one.has_value_of(other)]
    if here != sorted(here):
        names = ", ".join(locked[at].label for at in here[:_MOST_NAMED])
        yield f"its columns come in another order than the locked ones: {names} ..."


def _lacking(locked: list[_Feature], trained: list[_Feature]) -> Iterator[str]:
    places = {one.place for one in trained}
    lacking = [
        one.label
        for one in locked
        if not any(one.has_value_of(other) for other in trained) and one.place not in places
    ]
    if lacking:
        more = len(lacking) - _MOST_NAMED
        named = ", ".join(lacking[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield f"no training set has {named}, which is locked"


def _locked(view: AnyView, feature: str, known: Known) -> _Feature:
    own = view_behind(view)
    return _Feature(
        own.name,
        f"{versioned(own.name, own.version)}:{feature}",
        feature,
        _role_text(encode_role(view)) if isinstance(view, Role) else "",
        fingerprint(own, known),
        feature_fingerprint(own, feature),
    )


def _own(published: Published, each: Mapping[str, Any], known: Known) -> str:
    """Return the fingerprint of a set's feature, if the very view that it is of is published."""
    try:
        view = published.view(each["view"], each["version"])
    except UnknownNameError:
        return ""
    if fingerprint(view, known) != each["fingerprint"] or each["feature"] not in view.feature_types:
        return ""
    return feature_fingerprint(view, each["feature"])


def _digits(each: Mapping[str, Any]) -> str:
    digits = each["fingerprint"]
    if not isinstance(digits, str) or not digits:
        raise ValueError(f"the fingerprint {shown(digits)}")
    return digits


def _snapshot(pin: object) -> int | None:
    if pin is None or type(pin) is int:
        return pin
    raise ValueError(f"the snapshot {shown(pin)}")


def _role_text(document: Mapping[str, Any]) -> str:
    return json.dumps([document["name"], document["keys"]], sort_keys=True)


def told_of(sets: Iterable[TrainedOn]) -> str:
    """Return all differences of training sets from what is locked; empty if there are none."""
    return "\n".join(f"- {one.name}: {text}" for one in sets for text in one.differences)
