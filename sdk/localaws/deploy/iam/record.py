"""The record of calls: tests compare the rights that a program used with its grants."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Call:
    """An action that somebody used, or tried to.

    Attributes:
        principal: the name of a role or user, or "administrator".
        action: `service:Action`, as policies name it.
        resources: the ARNs that it was asked for; `*` where the action has none.
        is_allowed: False where IAM refused.
        via: the service that called with the principal's permissions, `athena.amazonaws.com`;
            empty where the principal called itself.
    """

    principal: str
    action: str
    resources: tuple[str, ...]
    is_allowed: bool
    via: str = ""


class Calls:
    """All distinct calls since the local AWS began, or since `clear`, in the order of the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[Call, None] = {}

    def add(self, call: Call) -> None:
        """Record a call."""
        with self._lock:
            self._calls[call] = None

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(list(self._calls))

    def __len__(self) -> int:
        return len(self._calls)

    def of(self, principal: str) -> tuple[Call, ...]:
        """The calls of one principal."""
        return tuple(call for call in self if call.principal == principal)

    def actions_of(self, principal: str) -> frozenset[str]:
        """The actions that a principal was allowed, its own and those of services for it."""
        return _actions(call for call in self.of(principal) if call.is_allowed)

    def refused_of(self, principal: str) -> frozenset[str]:
        """The actions that a principal was refused at least once."""
        return _actions(call for call in self.of(principal) if not call.is_allowed)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()


def _actions(calls: Iterable[Call]) -> frozenset[str]:
    return frozenset(call.action for call in calls)
