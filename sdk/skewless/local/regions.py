"""Regions: moto learns their names without the user's environment.

Stock moto asks a plain boto3 session, on the first call to each service, which fails with status
500 when AWS_PROFILE names a profile that is not there.
"""

from __future__ import annotations

import functools
from typing import Any

from moto.core.base_backend import AccountSpecificBackend

from skewless.local.session import LocalSession


@functools.cache
def apply(endpoint: str) -> None:
    """Patch moto, once a process."""
    backend: Any = AccountSpecificBackend
    session = LocalSession(endpoint)
    backend.get_session = staticmethod(lambda: session)
