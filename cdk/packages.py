"""Lambda packages, built without Docker: the same inputs give the same bytes.

    what the handler imports of ours  →  pinned wheels for arm64  →  bytecode  →  one zip

boto3 is not in them: Lambda's runtime has it, patched by AWS and started faster than a copy; a
package with one would be twenty megabytes larger. What is built is kept in `.skewless/packages`
under the hash of what went in, so that synthesis asks the package registry once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from aws_cdk import aws_lambda as lambda_

from cdk.imports import Closure
from skewless.errors import SkewlessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PROJECT = Path(__file__).resolve().parent.parent
# modules that Lambda's Python runtimes bring
IN_RUNTIME = frozenset({"boto3", "botocore"})
_PLATFORM = "manylinux2014_aarch64"
_FORMAT = "1"  # another way to build is another package
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
# pip's own files depend on how it was called and are dropped; a licence stays.
_VARYING = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_LEFT_OUT = frozenset({"__pycache__", "bin", "tests"})
_PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")


class PackageError(SkewlessError, RuntimeError):
    """A package cannot be built, or would not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One function's package.

    Attributes:
        name: for people; the zip is named after it.
        handler: the module of the handler, with `.` between folders.
        requirements: distributions to bring, pinned in constraints.txt; their dependencies must
            be named as well.
        also: modules of ours that the handler imports invisibly, such as by name.
        provided: top-level modules that a layer brings.
        files: other files, by where they lie in the package.
    """

    name: str
    handler: str
    requirements: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    provided: frozenset[str] = frozenset()
    files: tuple[tuple[str, Path], ...] = ()


class Bundler(Protocol):
    """Turns packages into the code of functions."""

    def code(self, package: Package, python: str) -> lambda_.Code:
        """Return a package's code for a version of Python."""
        ...


class PipBundler:
    """Builds packages with this interpreter's pip.

    Args:
        roots: where our modules lie: the handlers' folder first.
        constraints: the file of pins.
        cache: where packages are kept.
    """

    def __init__(
        self,
        roots: Sequence[Path] = (PROJECT, PROJECT / "sdk"),
        constraints: Path = PROJECT / "constraints.txt",
        cache: Path = PROJECT / ".skewless" / "packages",
    ) -> None:
        self._roots = roots
        self._constraints = constraints
        self._cache = cache

    def code(self, package: Package, python: str) -> lambda_.Code:
        """Return a package's code, as an asset that is one zip."""
        return lambda_.Code.from_asset(str(self.build(package, python)))

    def build(self, package: Package, python: str) -> Path:
        """Return the zip of a package, built now or before.

        Raises:
            PackageError: a module or pin is missing, or pip failed.
        """
        closure = self._closure(package)
        pins = self._pins(package)
        files = {**closure.files, **dict(package.files)}
        zipped = self._cache / f"{package.name}-{_key(files, pins, python)}.zip"
        if zipped.is_file():
            return zipped
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="making-") as folder:
            stage = Path(folder) / "package"
            self._fill(stage, files, pins, python)
            _check(package, closure, stage)
            if _is_running(python):
                _compile(stage)
            made = Path(folder) / "package.zip"
            _write_zip(stage, made)
            made.replace(zipped)
        return zipped

    def _closure(self, package: Package) -> Closure:
        closure = Closure(self._roots, libraries=frozenset({"skewless"}))
        for module in (package.handler, *package.also):
            if not closure.add(module):
                raise PackageError(
                    f"package {package.name!r}: there is no module {module!r} below "
                    f"{' or '.join(root.name or str(root) for root in self._roots)}"
                )
        return closure

    def _pins(self, package: Package) -> tuple[str, ...]:
        known = _read_pins(self._constraints)
        if missing := [name for name in package.requirements if _normal(name) not in known]:
            raise PackageError(
                f"package {package.name!r}: {', '.join(missing)} is not pinned in "
                f"{self._constraints.name}"
            )
        return tuple(sorted(known[_normal(name)] for name in package.requirements))

    def _fill(
        self, stage: Path, files: Mapping[str, Path], pins: tuple[str, ...], python: str
    ) -> None:
        stage.mkdir()
        if pins:
            _copy_tree(self._wheels(pins, python), stage)
        for place, source in files.items():
            target = stage / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())

    def _wheels(self, pins: tuple[str, ...], python: str) -> Path:
        """Return a folder with the pinned wheels, unpacked once."""
        wheels = self._cache / f"wheels-{_digest([_FORMAT, python, *pins])}"
        if wheels.is_dir():
            return wheels
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="making-") as folder:
            target = Path(folder) / "wheels"
            _pip_install(target, pins, python)
            target.replace(wheels)
        return wheels


def _pip_install(target: Path, pins: tuple[str, ...], python: str) -> None:
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-compile", "--only-binary=:all:", "--implementation", "cp"),
        *("--platform", _PLATFORM, "--python-version", python, "--target", str(target), *pins),
    ]
    _run(command, f"pip could not install {', '.join(pins)}")


def _compile(stage: Path) -> None:
    """Add bytecode: a cold start that has to compile takes up to four times as long.

    Paths in it are those on Lambda, so that it does not depend on where it was made.
    """
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(stage), "-p", "/var/task"]
    command = [sys.executable, "-m", "compileall", *options, str(stage)]
    _run(command, "the package does not compile", PYTHONHASHSEED="0")


def _run(command: list[str], failure: str, **environment: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    if done.returncode:
        raise PackageError(f"{failure}:\n{done.stdout}{done.stderr}".rstrip())


def _check(package: Package, closure: Closure, stage: Path) -> None:
    """Refuse a package whose handler would not import."""
    missing = [
        name
        for name in sorted(closure.outside - IN_RUNTIME - package.provided)
        if not (stage / name).is_dir() and not any(stage.glob(f"{name}.*"))
    ]
    if missing:
        raise PackageError(
            f"package {package.name!r}: {package.handler} imports {', '.join(missing)}, which is "
            "neither among its requirements nor in a layer"
        )


def _write_zip(stage: Path, zipped: Path) -> None:
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(_files(stage), key=lambda path: path.relative_to(stage).as_posix()):
            entry = zipfile.ZipInfo(path.relative_to(stage).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it was made
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), compresslevel=9)


def _copy_tree(source: Path, target: Path) -> None:
    for path in _files(source):
        place = path.relative_to(source)
        if _LEFT_OUT & set(place.parts) or (_is_metadata(place) and place.name in _VARYING):
            continue
        copy = target / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _is_metadata(place: Path) -> bool:
    return place.parent.name.endswith(".dist-info")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _key(files: Mapping[str, Path], pins: tuple[str, ...], python: str) -> str:
    contents = {
        place: hashlib.sha256(path.read_bytes()).hexdigest() for place, path in files.items()
    }
    # Bytecode is this very interpreter's.
    compiler = sys.version if _is_running(python) else ""
    return _digest([_FORMAT, python, compiler, pins, contents])


def _digest(inputs: list[Any]) -> str:
    text = json.dumps(inputs, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_running(python: str) -> bool:
    return python == f"{sys.version_info.major}.{sys.version_info.minor}"


def _read_pins(constraints: Path) -> dict[str, str]:
    pins = _PIN.findall(constraints.read_text())
    return {_normal(name): f"{name}=={version}" for name, version in pins}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
