"""The permissions that a request needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Context: TypeAlias = "Mapping[str, tuple[str, ...]]"
"""The values of condition keys, by their names in lower case; an absent key has none."""

UNKNOWN = "?"
"""The resource of an action whose resources the local AWS does not know."""


def _nothing() -> Context:
    return {}


@dataclass(frozen=True, slots=True)
class Permission:
    """One action on one resource.

    Attributes:
        action: `service:Action`.
        resource: an ARN, `*` for an action that has no resources, or `UNKNOWN`.
        context: gives the condition keys of this request; called when a policy is evaluated, for
            an administrator's request never is.
    """

    action: str
    resource: str
    context: Callable[[], Context] = field(default=_nothing, compare=False, repr=False)
