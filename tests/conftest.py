"""What every test runs in: no real AWS, no proxy, nobody's configuration.

It is done when pytest loads this file, before a test module can import boto3.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.shares import SLOW, ByFile, is_left_out

if TYPE_CHECKING:
    from xdist.remote import Producer

# After how many new objects a collection begins, and of how many younger ones an older one comes.
# Python's own 700 and 10 are for programs that hold less.
_COLLECTING = (20_000, 20, 20)

_OTHERS = ("AWS_", "MOTO_", "PYICEBERG_", "WR_")  # WR_ configures awswrangler

for name in list(os.environ):
    if name.startswith(_OTHERS) or name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",  # noqa: S106 - worth nothing
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    NO_PROXY="*",  # macOS and Windows keep proxies outside the environment
)

# How long an example takes is the machine's business, not the property's.
# CI draws the same examples each time, so that a change is judged by what it changes; elsewhere
# each run draws new ones.
settings.register_profile(
    "skewless",
    settings.default,
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ,
)
# `make test-fast` draws few. A property with a number of its own keeps below the profile's.
settings.register_profile("fast", settings.get_profile("skewless"), max_examples=8)
settings.load_profile("skewless")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Share the tests out as `tests/shares.py` says, in the order in which they were collected."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what `make test-fast` leaves out: the CDK starts node."""
    path = Path(os.path.relpath(collection_path, config.rootpath)).as_posix()
    return True if is_left_out(path) and config.getoption("markexpr") == "not slow" else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests of slow folders and files."""
    if is_left_out(item.nodeid.partition("::")[0]):
        item.add_marker("slow")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what is slow, so that no process waits long for another's last test.

    On a DynamoDB that is not moto's, only the tests that call DynamoDB run, and no bucket beside.
    """
    items.sort(key=_turn)
    if "SKEWLESS_TEST_DYNAMODB" not in os.environ:
        return
    calling = [
        item
        for item in items
        if {"aws", "bucket"}.intersection(getattr(item, "fixturenames", ())) == {"aws"}
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in calling])
    items[:] = calling


def pytest_collection_finish() -> None:
    """Keep the garbage collector from what was imported: it is never garbage.

    The modules hold millions of objects, and each full collection visits them all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTING)


def pytest_unconfigure() -> None:
    """Let the collector have all of it: at the end, DuckDB complains of what is left."""
    gc.unfreeze()


def _turn(item: pytest.Item) -> int:
    """Say where in the order of SLOW a test comes; then what is marked, then what is not slow.

    Of that, parity draws for the longest: nobody should wait for it at the end.
    """
    if item.get_closest_marker("slow") is None:
        return len(SLOW) + 1 + (not item.nodeid.startswith("tests/parity/"))
    places = (place for place, path in enumerate(SLOW) if item.nodeid.startswith(path))
    return next(places, len(SLOW))
