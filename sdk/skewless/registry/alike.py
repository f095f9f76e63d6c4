"""Features that are there already, under another name or with another window. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from skewless.compiler.fingerprint import family, feature_fingerprint
from skewless.definitions.names import versioned
from skewless.definitions.view import FeatureView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from skewless.definitions.service import View

Labels: TypeAlias = "dict[str, list[tuple[str, str]]]"

_MOST_NAMED = 3


@dataclass(frozen=True)
class Alike:
    """The features of published views, by what they are."""

    views: tuple[View, ...]

    def told(self, view: View) -> Iterator[str]:
        """Say which features of a new view are there already, or are but for their window.

        Versions of the view itself are left out.
        """
        for name in view.feature_types:
            if found := _others(self._same, feature_fingerprint(view, name), view):
                yield f"feature {name!r} has the value of {found}: use that one instead"
            elif isinstance(view, FeatureView) and (
                found := _others(self._near, family(view, name), view)
            ):
                yield f"feature {name!r} is {found} but for its window"

    @cached_property
    def _same(self) -> Labels:
        return _by(self.views, feature_fingerprint)

    @cached_property
    def _near(self) -> Labels:
        return _by([view for view in self.views if isinstance(view, FeatureView)], family)


def _by(views: Iterable[View], digest: Callable[[Any, str], str]) -> Labels:
    found: Labels = {}
    for view in views:
        for name in view.feature_types:
            label = f"{versioned(view.name, view.version)}:{name}"
            found.setdefault(digest(view, name), []).append((view.name, label))
    return found


def _others(labels: Labels, digest: str, view: View) -> str:
    found = [label for name, label in labels.get(digest, ()) if name != view.name]
    more = len(found) - _MOST_NAMED
    named = " or ".join(found[:_MOST_NAMED])
    return f"{named} (and of {more} more)" if more > 0 else named
