from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk.packages import PROJECT, Package, PackageError, PipBundler

if TYPE_CHECKING:
    from collections.abc import Callable

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHER = "3.14" if RUNNING != "3.14" else "3.13"
HANDLER = (
    "import skewless_sample\nNAMES = {'a', 'b', 'c'}\ndef handle(event, context):\n    return 1\n"
)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package registry of one wheel, in a folder."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    metadata = "skewless_sample-1.0.dist-info"
    files = {
        "skewless_sample/__init__.py": "VALUE = 1\n",
        "skewless_sample/tests/test_it.py": "",
        f"{metadata}/METADATA": "Metadata-Version: 2.1\nName: skewless-sample\nVersion: 1.0\n",
        f"{metadata}/LICENSE": "Free.\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{metadata}/RECORD"])
    with zipfile.ZipFile(folder / "skewless_sample-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, f"{metadata}/RECORD": record}.items():
            wheel.writestr(name, text)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def bundler(wheels: Path, tmp_path: Path) -> Callable[[str], PipBundler]:
    """Makes bundlers of the same sources, each in a folder of its own."""
    assert wheels.is_dir()

    def make(name: str) -> PipBundler:
        root = tmp_path / name
        handler = root / "jobs" / "write" / "handler.py"
        handler.parent.mkdir(parents=True)
        handler.write_text(HANDLER)
        (root / "constraints.txt").write_text("skewless-sample==1.0\nother==2.0\n")
        return PipBundler([root], root / "constraints.txt", root / "cache")

    return make


def package(name: str = "write", **changed: object) -> Package:
    wanted: dict[str, object] = {
        "name": name,
        "handler": "jobs.write.handler",
        "requirements": ("skewless_sample",),
        **changed,
    }
    return Package(**wanted)  # type: ignore[arg-type]


def names(zipped: Path) -> list[str]:
    with zipfile.ZipFile(zipped) as archive:
        return archive.namelist()


def sources(zipped: Path) -> list[str]:
    return [name for name in names(zipped) if name.endswith(".py")]


@pytest.mark.parametrize("python", [RUNNING, OTHER])
def test_the_same_inputs_give_the_same_bytes_wherever_they_lie(
    bundler: Callable[[str], PipBundler], python: str
) -> None:
    one, other = (bundler(name).build(package(), python) for name in ("one", "a/longer/way"))

    assert one != other
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def test_it_holds_the_handler_its_pins_and_their_licences_and_no_more(
    bundler: Callable[[str], PipBundler],
) -> None:
    zipped = bundler("one").build(package(), OTHER)

    assert names(zipped) == [
        "jobs/write/handler.py",
        "skewless_sample-1.0.dist-info/LICENSE",
        "skewless_sample-1.0.dist-info/METADATA",
        "skewless_sample-1.0.dist-info/WHEEL",
        "skewless_sample/__init__.py",
    ]


def test_bytecode_comes_along_if_this_python_is_the_one_that_will_run(
    bundler: Callable[[str], PipBundler],
) -> None:
    zipped = bundler("one").build(package(), RUNNING)

    tag = sys.implementation.cache_tag
    assert f"jobs/write/__pycache__/handler.{tag}.pyc" in names(zipped)
    assert f"skewless_sample/__pycache__/__init__.{tag}.pyc" in names(zipped)


def test_bytecode_is_not_compared_with_its_source_and_speaks_of_lambdas_folder(
    bundler: Callable[[str], PipBundler],
) -> None:
    zipped = bundler("one").build(package(), RUNNING)

    with zipfile.ZipFile(zipped) as archive:
        compiled = archive.read(
            f"jobs/write/__pycache__/handler.{sys.implementation.cache_tag}.pyc"
        )
    assert compiled[4:8] == (1).to_bytes(4, "little")  # by hash, and unchecked: PEP 552
    assert b"/var/task/jobs/write/handler.py" in compiled
    assert str(zipped.parent.parent).encode() not in compiled


def test_another_source_file_is_another_package(bundler: Callable[[str], PipBundler]) -> None:
    made = bundler("one")
    before = made.build(package(), OTHER)
    handler = before.parent.parent / "jobs" / "write" / "handler.py"
    handler.write_text(HANDLER + "# changed\n")

    assert made.build(package(), OTHER) != before


def test_a_package_that_was_built_is_not_built_again(
    bundler: Callable[[str], PipBundler], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bundler("one")
    before = made.build(package(), OTHER)
    monkeypatch.setenv("PIP_FIND_LINKS", os.devnull)  # pip would find nothing now

    assert made.build(package(), OTHER) == before


def test_a_requirement_without_a_pin_is_refused(bundler: Callable[[str], PipBundler]) -> None:
    with pytest.raises(PackageError, match=r"left-pad is not pinned in constraints\.txt"):
        bundler("one").build(package(requirements=("left-pad",)), OTHER)


def test_a_handler_that_is_not_there_is_named(bundler: Callable[[str], PipBundler]) -> None:
    with pytest.raises(PackageError, match=r"there is no module 'jobs\.plan\.handler'"):
        bundler("one").build(package(handler="jobs.plan.handler"), OTHER)


def test_an_import_that_nothing_brings_is_refused_before_it_fails_on_lambda(
    bundler: Callable[[str], PipBundler],
) -> None:
    with pytest.raises(PackageError, match="imports skewless_sample, which is neither among"):
        bundler("one").build(package(requirements=()), OTHER)


def test_an_import_that_a_layer_brings_is_not_missed(
    bundler: Callable[[str], PipBundler],
) -> None:
    provided = frozenset({"skewless_sample"})

    zipped = bundler("one").build(package(requirements=(), provided=provided), OTHER)

    assert names(zipped) == ["jobs/write/handler.py"]


def test_what_pip_says_is_told(bundler: Callable[[str], PipBundler]) -> None:
    with pytest.raises(PackageError, match=r"(?s)pip could not install other==2\.0:.*other"):
        bundler("one").build(package(requirements=("other",)), OTHER)


def test_another_file_lies_where_it_is_wanted(
    bundler: Callable[[str], PipBundler], tmp_path: Path
) -> None:
    lock = tmp_path / "any.lock"
    lock.write_text("{}")

    zipped = bundler("one").build(package(files=(("skewless.lock", lock),)), OTHER)

    assert "skewless.lock" in names(zipped)


def test_the_inference_example_carries_what_serving_needs_and_starts_without_the_rest(
    tmp_path: Path,
) -> None:
    roots = [PROJECT / "examples" / "flights", PROJECT / "sdk"]
    made = PipBundler(roots, cache=tmp_path / "cache")
    zipped = made.build(
        Package(name="flights", handler="inference", also=("skewless.store",)), RUNNING
    )
    held = sources(zipped)

    assert "inference.py" in held
    assert "skewless/online/reader.py" in held
    for folder in ("local", "cli", "demo", "offline", "materialize"):
        assert not [name for name in held if name.startswith(f"skewless/{folder}/")]
    # `python -S` sees nothing of this environment but what it is shown.
    import boto3  # noqa: PLC0415

    boto = str(Path(boto3.__file__).parents[1])
    script = (
        f"import sys; sys.path[:0] = [{str(zipped)!r}]; sys.path.append({boto!r})\n"
        "import inference, skewless.store\n"
        "assert skewless.__file__.startswith(sys.path[0]), skewless.__file__\n"
        "assert not {'pandas', 'pyarrow', 'sqlglot'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-S", "-E", "-c", script], check=True)  # noqa: S603
