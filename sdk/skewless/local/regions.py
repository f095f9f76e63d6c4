"""Regions: moto learns their names without the user's environment.

Stock moto asks a plain boto3 session, on the first call to each service, which fails with status
500 when AWS_PROFILE names a profile that is not there; and once more when EC2's part of it is
imported, which half of the other parts do.
"""

from __future__ import annotations

import functools
import importlib
import os
from typing import Any

from moto.core.base_backend import AccountSpecificBackend

from skewless.local.session import LocalSession

_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


@functools.cache
def apply(endpoint: str) -> None:
    """Patch moto, once a process."""
    backend: Any = AccountSpecificBackend
    session = LocalSession(endpoint)
    backend.get_session = staticmethod(lambda: session)


@functools.cache
def load_networks() -> None:
    """Import moto's EC2, which Lambda, Step Functions and CloudFormation bring: a second's work."""
    hidden = {name: os.environ.pop(name) for name in _PROFILES if name in os.environ}
    try:
        importlib.import_module("moto.ec2")
    finally:
        os.environ.update(hidden)
