"""Identity of the process, so that a fork can tell what it must not inherit."""

from __future__ import annotations

import os
from typing import TypeAlias

Process: TypeAlias = tuple[int, object]

# The number alone is not enough: the system reuses the numbers of ended processes.
_token = object()


def current() -> Process:
    """Return an identity that differs from that of parents and forks; compare it by `==`."""
    return os.getpid(), _token


def _renew() -> None:
    global _token  # noqa: PLW0603 - a fork has the parent's module
    _token = object()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew)
