"""Regions: moto learns their names without the user's environment.

Stock moto asks a plain boto3 session, on the first call to each service, which fails with status
500 when AWS_PROFILE names a profile that is not there; and once more when EC2's part of it is
imported, which half of the other parts do.
"""

from __future__ import annotations

import functools
import importlib
import sys
from types import ModuleType
from typing import Any

import boto3
from moto.core.base_backend import AccountSpecificBackend

from localaws.core.session import LocalSession

_EC2 = "moto.ec2"


@functools.cache
def apply(endpoint: str) -> None:
    """Patch moto, once a process."""
    backend: Any = AccountSpecificBackend
    session = LocalSession(endpoint)
    backend.get_session = staticmethod(lambda: session)


class _NetworksLater:
    """moto's EC2, by account, for a part that seldom asks it: imported by the first question."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def __getitem__(self, account: str) -> Any:
        load_networks(self._endpoint)
        return importlib.import_module(_EC2).ec2_backends[account]


@functools.cache
def load_parameters(endpoint: str) -> None:
    """Import moto's SSM without EC2, which takes a second and serves SSM's Run Command alone."""
    if _EC2 in sys.modules:
        return
    stand_in: Any = ModuleType(_EC2)
    stand_in.ec2_backends = _NetworksLater(endpoint)
    sys.modules[_EC2] = stand_in
    try:
        importlib.import_module("moto.ssm.models")
    finally:
        del sys.modules[_EC2]


@functools.cache
def load_networks(endpoint: str) -> None:
    """Import moto's EC2, which Lambda, Step Functions and CloudFormation bring.

    It makes three sessions, a fifth of a second each; here they are one, without look-ups.
    """
    session, stock = LocalSession(endpoint), boto3.Session
    inside: Any = boto3
    inside.Session = lambda: session
    try:
        importlib.import_module(_EC2)
    finally:
        inside.Session = stock
