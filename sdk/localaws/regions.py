"""Regions: moto learns their names without the user's environment.

Stock moto asks a plain boto3 session, on the first call to each service, which fails with status
500 when AWS_PROFILE names a profile that is not there; and once more when EC2's part of it is
imported, which half of the other parts do.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

import boto3
from moto.core.base_backend import AccountSpecificBackend

from localaws.session import LocalSession


@functools.cache
def apply(endpoint: str) -> None:
    """Patch moto, once a process."""
    backend: Any = AccountSpecificBackend
    session = LocalSession(endpoint)
    backend.get_session = staticmethod(lambda: session)


@functools.cache
def load_networks(endpoint: str) -> None:
    """Import moto's EC2, which Lambda, Step Functions and CloudFormation bring.

    It makes three sessions, a fifth of a second each; here they are one, which asks nobody.
    """
    session, stock = LocalSession(endpoint), boto3.Session
    inside: Any = boto3
    inside.Session = lambda: session
    try:
        importlib.import_module("moto.ec2")
    finally:
        inside.Session = stock
