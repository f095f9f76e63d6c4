"""Regions: moto learns their names without the user's environment.

Stock moto asks a plain boto3 session, on the first call to each service, which fails with status
500 when AWS_PROFILE names a profile that is not there; and once more when EC2's part of it is
imported, which half of the other parts do.
"""

from __future__ import annotations

import functools
import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from moto.core.base_backend import AccountSpecificBackend

from skewless.local.session import LocalSession

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOWHERE = "http://127.0.0.1"


@functools.cache
def apply(endpoint: str) -> None:
    """Patch moto, once a process."""
    backend: Any = AccountSpecificBackend
    session = LocalSession(endpoint)
    backend.get_session = staticmethod(lambda: session)


@contextmanager
def _one_session() -> Iterator[None]:
    """Let all that is imported share a session, which asks nobody."""
    session, stock = LocalSession(_NOWHERE), boto3.Session
    inside: Any = boto3
    inside.Session = lambda: session
    try:
        yield
    finally:
        inside.Session = stock


# Here, as this module is imported first. Stock moto makes three sessions, a fifth of a second each.
with _one_session():
    importlib.import_module("moto.ec2")
