"""What importing skewless loads, seen from an interpreter of its own."""

from __future__ import annotations

import importlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import skewless
from skewless.aws import Resources
from skewless.later import Later
from skewless.registry.lock import write_lock
from tests.registry.builders import REGION, a_service

SDK = Path(skewless.__file__).parent.parent
# boto3 and what it requires, and what botocore and urllib3 take where they find it.
SERVING = frozenset(
    {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "skewless", "urllib3"}
    | {"_cffi_backend", "awscrt", "backports", "brotli", "brotlicffi", "certifi", "zstandard"}
)


def loaded_by(code: str, *arguments: str) -> frozenset[str]:
    """Name the top-level modules, outside the standard library, that code alone brings in."""
    loaded = _modules_after(code, *arguments) - _modules_after("import multiprocessing")
    return frozenset(module.partition(".")[0] for module in loaded) - sys.stdlib_module_names


@cache
def _modules_after(code: str, *arguments: str) -> frozenset[str]:
    program = f"import sys; sys.path.insert(0, {str(SDK)!r})\n{code}\nprint(*sys.modules)"
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-c", program, *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return frozenset(ran.stdout.split())


@pytest.fixture
def lock(tmp_path: Path) -> str:
    resources = Resources(
        store="prod",
        bucket="bucket",
        database="lake",
        workgroup="skewless",
        online_table="online",
        registry_table="registry",
    )
    path = tmp_path / "skewless.lock"
    write_lock(path, a_service(), resources, REGION)
    return str(path)


def test_definitions_load_the_standard_library_only() -> None:
    assert loaded_by("import skewless, skewless.types, skewless.agg") == {"skewless"}


OPENED = """
from skewless import FeatureStore
store = FeatureStore.from_lock(sys.argv[1])
store.aws.client("dynamodb")
"""


def test_a_store_of_a_lock_loads_nothing_that_publishes_or_judges(lock: str) -> None:
    loaded = _modules_after(OPENED, lock)
    assert "skewless.registry.lock" in loaded
    assert not loaded & {
        "skewless.compiler.judged_function",
        "skewless.compiler.made",
        "skewless.definitions.function_source",
        "skewless.definitions.judgement",
        "skewless.online.estimate",
        "skewless.registry.apply_log",
        "skewless.registry.carried",
        "skewless.registry.change",
        "skewless.registry.lineage",
        "skewless.registry.lock_review",
        "skewless.registry.marked",
        "skewless.registry.patches",
        "skewless.registry.plan",
        "skewless.registry.registry",
        "skewless.registry.repinned",
        "skewless.registry.unpublished",
        "difflib",
    }


def test_a_store_opened_from_a_lock_loads_boto3_only(lock: str) -> None:
    loaded = loaded_by(OPENED, lock)
    assert {"skewless", "botocore"} <= loaded
    assert loaded <= SERVING


def test_a_reader_of_what_a_lock_pins_loads_boto3_only(lock: str) -> None:
    loaded = loaded_by(
        """
from skewless.aws import Aws
from skewless.compiler.plan import plan_selection
from skewless.online.reader import OnlineReader
from skewless.online.table import OnlineTable
from skewless.registry.lock import read_lock
locked = read_lock(sys.argv[1])
table = OnlineTable(Aws(), locked.resources.online_table)
OnlineReader(plan_selection(locked.service), table, now=lambda: 0)
""",
        lock,
    )
    assert {"skewless", "botocore"} <= loaded
    assert loaded <= SERVING


def test_the_probe_sees_what_would_be_too_much() -> None:
    assert loaded_by("import duckdb") - SERVING


def test_the_check_starts_where_there_is_no_duckdb_and_no_pyiceberg() -> None:
    # awswrangler takes pyiceberg where it finds it; in Lambda there is none to be found.
    loaded = loaded_by(
        f"""
sys.path.insert(0, {str(SDK.parent)!r})
sys.modules.update(duckdb=None, pyiceberg=None)
import lambdas.check.handler
del sys.modules["duckdb"], sys.modules["pyiceberg"]
"""
    )
    assert {"awswrangler", "lambdas", "narwhals", "pyarrow", "sqlglot"} <= loaded
    assert not loaded & {"duckdb", "pyiceberg"}


def test_each_function_that_is_imported_later_is_there() -> None:
    found = [
        value
        for module in ("carrying", "publishing", "store")
        for value in vars(importlib.import_module(f"skewless.{module}")).values()
        if isinstance(value, Later)
    ]
    assert len(found) > 10
    assert all(callable(each.function) for each in found)
