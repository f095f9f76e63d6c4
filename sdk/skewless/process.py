"""Which process this is: what a fork must not inherit is kept together with it."""

from __future__ import annotations

import os
from typing import TypeAlias

Process: TypeAlias = tuple[int, object]

# The number alone is not enough: the system gives the numbers of ended processes away again.
_token = object()


def current() -> Process:
    """Return what tells this process from its parents and its forks; compare it by `==`."""
    return os.getpid(), _token


def _renew() -> None:
    global _token  # noqa: PLW0603 - a fork has the parent's module
    _token = object()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew)
