"""A Trino server, while it is used: Athena's catalog over the local AWS's Glue and S3."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance import jvm
from tests.conformance.trino_client import Trino

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localaws import LocalAws

FOLDER = Path(__file__).parent / "trino"
_JAVA = 25  # what the version of Trino in the pom.xml runs on
_FLAGS = (
    "-Xmx2g",
    "-XX:+UseParallelGC",
    "-XX:TieredStopAtLevel=1",
    "--add-modules=jdk.incubator.vector",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def available() -> str:
    """Fetch Trino, and return its version.

    Raises:
        UnavailableError: Java or Maven is missing.
    """
    jvm.java(_JAVA)
    return _version(jvm.class_path(FOLDER / "pom.xml"))


@contextmanager
def running(aws: LocalAws) -> Iterator[tuple[Trino, Path]]:
    """Start it, and yield it with the folder that is `local:///` to its catalog `files`.

    Raises:
        UnavailableError: Java or Maven is missing.
    """
    java, jars = jvm.java(_JAVA), jvm.class_path(FOLDER / "pom.xml")
    with tempfile.TemporaryDirectory(prefix="skewless-trino-") as name:
        folder = Path(name)
        address, catalogs, files = (folder / part for part in ("address", "catalogs", "files"))
        files.mkdir()
        _write(catalogs, _catalogs(aws, files))
        path = os.pathsep.join(map(str, jars))
        starter = [FOLDER / "TrinoServer.java", catalogs, address]
        command = [java, *_FLAGS, "-cp", path, *starter]
        with jvm.server("trino", [str(part) for part in command], address.exists):
            yield Trino(address.read_text(), _version(jars)), files


def _catalogs(aws: LocalAws, files: Path) -> Mapping[str, Mapping[str, str]]:
    """Say what each catalog reads.

    `awsdatacatalog` is what Athena has: Hive tables of Glue, and Iceberg tables by the same names;
    its Hive timestamps have milliseconds. `files` is a catalog in a folder for what moto's Glue
    cannot do (statistics of tables that Trino writes), and for tables made by the hundreds.
    """
    key, secret = (
        aws.environment[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    )
    s3 = {
        "fs.s3.enabled": "true",
        "s3.endpoint": aws.endpoint,
        "s3.region": aws.region,
        "s3.path-style-access": "true",
        "s3.aws-access-key": key,
        "s3.aws-secret-key": secret,
    }
    glue = {
        "hive.metastore.glue.endpoint-url": aws.endpoint,
        "hive.metastore.glue.region": aws.region,
        "hive.metastore.glue.aws-access-key": key,
        "hive.metastore.glue.aws-secret-key": secret,
    }
    hive = {"connector.name": "hive", "hive.non-managed-table-writes-enabled": "true"}
    local = {
        "hive.metastore": "file",
        "hive.metastore.catalog.dir": "local:///metastore",
        "hive.timestamp-precision": "MICROSECONDS",
        "fs.local.enabled": "true",
        "local.location": str(files),
    }
    of_glue = {
        "hive.metastore": "glue",
        "hive.iceberg-catalog-name": "iceberg",
        "hive.recursive-directories": "true",
        "hive.partition-projection-enabled": "true",
        "hive.table-statistics-enabled": "false",  # moto's Glue has none
    }
    return {
        "awsdatacatalog": {**hive, **of_glue, **s3, **glue},
        "iceberg": {"connector.name": "iceberg", "iceberg.catalog.type": "glue", **s3, **glue},
        "files": {**hive, **local, **s3},
    }


def _write(folder: Path, catalogs: Mapping[str, Mapping[str, str]]) -> None:
    folder.mkdir()
    for name, settings in catalogs.items():
        lines = (f"{key}={value}\n" for key, value in settings.items())
        (folder / f"{name}.properties").write_text("".join(lines))


def _version(jars: list[Path]) -> str:
    names = (re.fullmatch(r"trino-main-(\d+)\.jar", jar.name) for jar in jars)
    return next(name[1] for name in names if name)
