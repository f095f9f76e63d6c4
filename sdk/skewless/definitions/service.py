"""FeatureService: the ordered features that one model takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from skewless.definitions.foreign import DEFINED, answering
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.inputs import input_problems
from skewless.definitions.names import object_name_problems, text_problems
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.version import Version, Written
from skewless.definitions.view import (
    FeatureRef,
    FeatureView,
    Role,
    parsed_by,
    role_problems,
)
from skewless.errors import DefinitionError, shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.definitions.types import ValueType

View: TypeAlias = FeatureView | OnDemandView
AnyView: TypeAlias = View | Role
Selectable: TypeAlias = AnyView | FeatureRef
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SelectedFeature:
    """One feature of a selection, and the name of its column in the output."""

    view: AnyView
    feature: str
    output: str

    @property
    def type(self) -> ValueType:
        """The feature's type."""
        return self.view.feature_types[self.feature]


@answering(DEFINED)
@dataclass(frozen=True, slots=True, init=False)
class FeatureService:
    """The features of one model, in order.

    Args:
        name: lower case identifier.
        features: views or roles of views (all their features), or single features,
            `view["feature"]`. An output column is named after its feature; all features of views
            that share a name of a feature are named `view__feature`, of roles `role__feature`.
        version: `2`, or `"2.1.0"`: MAJOR.MINOR.PATCH. What a published version means never
            changes: another value is another major, a further feature another minor.

    Raises:
        DefinitionError: with everything that is wrong.
    """

    name: str
    features: tuple[tuple[AnyView, str], ...]
    version: Version
    description: str = field(compare=False)
    owner: str = field(compare=False)
    tags: Mapping[str, str] = field(compare=False)

    def __init__(
        self,
        name: str,
        *,
        features: Iterable[Selectable],
        version: Written | Version = 1,
        description: str = "",
        owner: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> None:
        tags = {} if tags is None else tags
        problems = [
            *object_name_problems(name),
            *text_problems(description, owner, tags),
        ]
        parsed = parsed_by(Version.parse, version, problems)
        flat: list[tuple[AnyView, str]] = []
        try:
            flat = flatten(features)
            select(flat)
        except DefinitionError as error:
            problems.extend(error.problems)
        if problems:
            raise DefinitionError(f"FeatureService {name!r}", problems)
        for label, value in {
            "name": name,
            "features": tuple(flat),
            "version": parsed,
            "description": description,
            "owner": owner,
            "tags": FrozenMapping(tags),
        }.items():
            object.__setattr__(self, label, value)

    def __str__(self) -> str:
        return f"FeatureService({self.name!r}, version={self.version.written!r})"

    __repr__ = __str__


def flatten(features: object) -> list[tuple[AnyView, str]]:
    """Expand views to their features.

    Raises:
        DefinitionError: no list, an item that selects no features, or no item at all.
    """
    if isinstance(features, str | bytes | Mapping) or not isinstance(features, Iterable):
        raise DefinitionError(
            "features", [f"features is {shown(features)}; give a list: features=[...]"]
        )
    if isinstance(features, AbstractSet):
        raise DefinitionError("features", ["features is a set, which has no order; give a list"])
    flat: list[tuple[AnyView, str]] = []
    problems: list[str] = []
    for item in features:
        match item:
            case FeatureView() | OnDemandView() | Role():
                flat.extend((item, feature) for feature in item.feature_types)
            case FeatureRef():
                flat.append((item.view, item.feature))
            case _:
                problems.append(f"{shown(item)} is neither a view nor view['feature']")
    if not flat and not problems:
        problems.append("features must name at least one view or feature")
    if problems:
        raise DefinitionError("features", problems)
    return flat


def select(
    features: Iterable[tuple[AnyView, str]], *, full_names: bool = False
) -> tuple[SelectedFeature, ...]:
    """Give every feature its output name.

    A view's features are named alike: where one of them has a name that a feature of another view
    has as well, all of that view's become `view__feature`.

    Raises:
        DefinitionError: a feature twice, or a name that would stand for two columns.
    """
    flat = list(features)
    shared = Counter(feature.lower() for _, feature in flat)
    clashing = {_major_of(view) for view, feature in flat if shared[feature.lower()] > 1}
    selected = tuple(
        SelectedFeature(
            view,
            feature,
            f"{view.name}__{feature}" if full_names or _major_of(view) in clashing else feature,
        )
        for view, feature in flat
    )
    views = once(view for view, _ in flat)
    below = [read for view in views if isinstance(view, OnDemandView) for read in view.all_views]
    problems = list(role_problems([*views, *below])) or list(_clashes(selected))
    if problems:
        raise DefinitionError("features", problems)
    return selected


def once(views: Iterable[T]) -> dict[T, None]:
    """Return definitions once each, in their order.

    A service names a view for each of its features, and a hash walks all of the view.
    """
    by_id = {id(view): view for view in views}
    return dict.fromkeys(by_id.values())


def _major_of(view: AnyView) -> tuple[str, int]:
    """Return what the parts of a view have in common; a name stands for one role or view."""
    return view.name, view.version.major


def _clashes(selected: tuple[SelectedFeature, ...]) -> Iterator[str]:
    for output, count in Counter(item.output.lower() for item in selected).items():
        if count > 1:
            views = {item.view for item in selected if item.output.lower() == output}
            remedy = "name each feature once, and one version of a view"
            if len({view.name for view in views}) > 1:
                remedy = "rename one of them, or leave it out"
            yield (
                f"two features would be called {output!r} (of {', '.join(sorted(map(str, views)))})"
                f"; {remedy}"
            )
    inputs = [asked for view in once(item.view for item in selected) for asked in view.inputs]
    yield from input_problems(inputs)
    asked_by = {asked.name.lower(): asked.asked_by for asked in inputs}
    for item in selected:
        if item.output.lower() in asked_by:
            yield f"the feature {item.output!r} has the name of {asked_by[item.output.lower()]}"
