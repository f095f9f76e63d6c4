"""CloudFormation that makes what a template says, or fails as AWS does.

Stock moto skips types it does not know, forgets properties, and calls a stack whose resources
failed complete. Here moto keeps the protocol and the records of stacks; what a template means is
ours: it is parsed and checked (`template`, `schema`), its functions are resolved (`scope`), and
each resource is made, changed and deleted (`deployment`) by the service's own API on this server
(`services`), so that nothing can exist in CloudFormation alone.
"""

from __future__ import annotations

import functools
import importlib
import os
from typing import Any

from moto import backends

# moto's EC2, which comes with its CloudFormation, asks a plain boto3 session for regions while it
# is imported: that fails if the user's environment names a profile that is not there.
_ASKED = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


@functools.cache
def apply(endpoint: str) -> None:
    """Patch moto, once a process: at the first request for CloudFormation.

    Its import brings every service of moto's and the schemas of all types, for two seconds, which
    a local AWS without stacks need not wait for.
    """
    module: Any = backends
    stock = module.get_backend

    def get_backend(name: str) -> Any:
        if name == "cloudformation":
            _load(endpoint)
        return stock(name)

    module.get_backend = get_backend


@functools.cache
def _load(endpoint: str) -> None:
    hidden = {name: os.environ.pop(name) for name in _ASKED if name in os.environ}
    try:
        protocol = importlib.import_module("skewless.local.cloudformation.protocol")
    finally:
        os.environ.update(hidden)
    protocol.apply(endpoint)
