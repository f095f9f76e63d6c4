"""The environment of the example's handler: it can reach the local AWS and nothing else.

The handler runs as in Lambda, with boto3's own session, which reads environment variables and the
user's files. While it runs, all of them point to the local AWS, and the credentials are fake.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skewless.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless import FeatureStore

_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


@contextmanager
def surrounded(variables: Mapping[str, str]) -> Iterator[None]:
    """Make these the only variables of AWS and proxies; restore the others afterwards."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(dict.fromkeys(_FILES, os.devnull))
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def check_local(store: FeatureStore, endpoint: str) -> None:
    """Refuse a store whose DynamoDB is not the one at `endpoint`.

    Raises:
        StoreError: it is not; nothing was called.
    """
    found = store.aws.client("dynamodb").meta.endpoint_url
    if found.rstrip("/") != endpoint.rstrip("/"):
        raise StoreError(f"the handler would call {found}, not the local AWS at {endpoint}")
