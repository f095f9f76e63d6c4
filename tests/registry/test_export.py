"""A registry as files: the same bytes each time, and nothing that was tampered with comes back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from skewless.definitions.collection import Definitions
from skewless.errors import DocumentError, InputError, SkewlessError
from skewless.registry.apply_log import entry_in
from skewless.registry.carried import compare_carried
from skewless.registry.exported import export
from skewless.registry.identity import Identity, meaning
from skewless.registry.imported import read_export
from skewless.registry.published import Published
from skewless.registry.stored_item import decoded, marks_of
from tests.registry.test_stored_releases import DEFINITIONS, ITEMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PUBLISHED = Published.of(decoded(DEFINITIONS), marks_of(DEFINITIONS))
LOG = [entry_in(item) for item in reversed(ITEMS) if item["pk"]["S"] == "log"]


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    export(tmp_path / "registry", PUBLISHED, LOG, "prod")
    return tmp_path / "registry"


def test_each_definition_and_each_apply_is_a_file(folder: Path) -> None:
    assert sorted(contents(folder)) == [
        "entity/pair.json",
        "entity/user.json",
        "log/000001-20261120T090000Z.json",
        "log/000002-20261121T090000Z.json",
        "log/000003-20261122T090000Z.json",
        "log/000004-20261125T090000Z.json",
        "log/000005-20261125T090000Z.json",
        "manifest.json",
        "service/fraud_model@1.1.json",
        "service/fraud_model@1.json",
        "source/payments.json",
        "source/rates.json",
        "view/judged@1.json",
        "view/latest_rate@1.json",
        "view/spending@1.1.json",
        "view/spending@1.json",
        "view/spending@2.json",
        "view/trend@1.json",
    ]
    view = json.loads((folder / "view/judged@1.json").read_text())
    assert view["document"]["function"]["source"][0] == "def judged(mean_7d, amount):"


def test_an_export_comes_back_as_it_was(folder: Path) -> None:
    found = read_export(folder)
    assert found.store == "prod"
    assert found.published.marks == PUBLISHED.marks
    assert {Identity.of(item): item for item in found.published.definitions} == {
        Identity.of(item): item for item in PUBLISHED.definitions
    }
    plan = compare_carried(Definitions(), found.published.definitions)
    assert not plan.is_refused
    assert {meaning(item) for item in plan.definitions} == {
        item["fingerprint"]["S"] for item in DEFINITIONS
    }


def test_patches_come_back_too(tmp_path: Path) -> None:
    counted = dict.fromkeys(map(Identity.of, PUBLISHED.definitions), 3)
    export(tmp_path, replace(PUBLISHED, patches=counted), [], "prod")
    assert read_export(tmp_path).published.patches == counted


def test_an_export_of_the_same_registry_writes_nothing(folder: Path) -> None:
    before = contents(folder)
    assert export(folder, PUBLISHED, LOG, "prod") == []
    assert contents(folder) == before


def test_what_changed_is_written_and_what_is_gone_is_removed(folder: Path) -> None:
    less = Published.of(item for item in PUBLISHED.definitions if item.name != "fraud_model")
    assert export(folder, less, LOG[1:], "prod") == [
        "manifest.json",
        "view/latest_rate@1.json",
        "view/spending@1.json",
        "view/spending@1.1.json",
        "log/000005-20261125T090000Z.json",
        "service/fraud_model@1.1.json",
        "service/fraud_model@1.json",
    ]
    assert read_export(folder).published.marks == {}


def test_an_interrupted_export_is_refused_and_ended_by_the_next(folder: Path) -> None:
    whole = contents(folder)
    for name in list(whole)[3:]:
        if name != "manifest.json":
            (folder / name).unlink()
    with pytest.raises(DocumentError, match="the manifest has it, and it is not there"):
        read_export(folder)
    export(folder, PUBLISHED, LOG, "prod")
    assert contents(folder) == whole


def test_an_empty_registry_is_exported(tmp_path: Path) -> None:
    export(tmp_path, Published(), [], "prod")
    assert read_export(tmp_path).published == Published()


def test_a_repository_of_git_may_be_around_it(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    (folder / ".gitattributes").write_text("* text eol=lf")
    assert export(folder, PUBLISHED, LOG, "prod") == []
    assert read_export(folder).store == "prod"


@pytest.mark.parametrize("name", ["notes.txt", "view/notes.md", "view/deep/x.json", "data/x.json"])
def test_a_folder_that_holds_something_else_is_left_alone(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("mine")
    before = contents(folder)
    for act in (lambda: export(folder, Published(), [], "prod"), lambda: read_export(folder)):
        with pytest.raises(DocumentError, match="take it away"):
            act()
    assert contents(folder) == before


def test_a_folder_that_is_no_export_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "view").mkdir()
    (tmp_path / "view" / "mine@1.json").write_text("{}")
    with pytest.raises(InputError, match=r"is not empty, and no export: it has no manifest\.json"):
        export(tmp_path, PUBLISHED, LOG, "prod")
    with pytest.raises(DocumentError, match="so this is no export"):
        read_export(tmp_path)
    with pytest.raises(InputError, match="there is no folder"):
        read_export(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is no folder"):
        read_export(tmp_path / "file")
    with pytest.raises(InputError):
        export(tmp_path / "file", PUBLISHED, LOG, "prod")


def rewrite(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    """Change what a file holds, and the manifest with it, as someone would who means it."""
    document = json.loads((folder / name).read_text())
    change(document)
    put(folder, name, json.dumps(document).encode())


def put(folder: Path, name: str, content: bytes | None, listed: str | None = None) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    if content is None:
        (folder / name).unlink()
        del manifest["files"][name]
    else:
        (folder / name).write_bytes(content)
        manifest["files"][listed or name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def of_manifest(change: Callable[[Any], object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        document = json.loads((folder / "manifest.json").read_text())
        change(document)
        (folder / "manifest.json").write_text(json.dumps(document))

    return edit


def of(name: str, change: Callable[[Any], object]) -> Callable[[Path], None]:
    return lambda folder: rewrite(folder, name, change)


def linked(folder: Path) -> None:
    (folder / "view/trend@1.json").unlink()
    (folder / "view/trend@1.json").symlink_to(folder / "view/judged@1.json")


def linked_folder(folder: Path) -> None:
    shutil.move(folder / "view", folder.parent / "elsewhere")
    (folder / "view").symlink_to(folder.parent / "elsewhere")


def ring(folder: Path) -> None:
    """Let two on-demand views read each other."""
    for name, other in (("trend", "judged"), ("judged", "trend")):
        content = {
            "document": {
                "kind": "OnDemandView",
                "name": name,
                "version": 1,
                "request": [],
                "features": {"x": {"feature": [other, 1, "x"]}},
            },
            "fingerprint": "0" * 16,
        }
        put(folder, f"view/{name}@1.json", json.dumps(content).encode())


TREND, USER, MODEL = "view/trend@1.json", "entity/user.json", "service/fraud_model@1.json"
SPENDING = "view/spending@1.json"
DEEP = json.dumps({"document": {"kind": "Entity"}}).encode()[:-1] + b', "x": ' + b"[" * 90_000
HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a word": (lambda at: (at / USER).write_text("{}"), f"{USER!r}: it was edited, merged or cut"),
    "a merge": (
        lambda at: put(at, USER, b"<<<<<<< ours\n{}\n"),
        f"{USER!r}: it is not JSON (it holds the marks of a merge",
    ),
    "cut off": (lambda at: put(at, USER, b'{"document":'), f"{USER!r}: it is not JSON"),
    "no utf-8": (lambda at: put(at, USER, b"\xff\xfe"), f"{USER!r}: it is not JSON"),
    "twice": (lambda at: put(at, USER, b'{"a":1,"a":1}'), "two members 'a'"),
    "no number": (lambda at: put(at, USER, b'{"document": NaN}'), "NaN is no number of JSON"),
    "no object": (lambda at: put(at, USER, b"[]"), f"{USER!r}: it holds no object"),
    "empty": (lambda at: put(at, USER, b""), f"{USER!r}: it is not JSON"),
    "deep": (lambda at: put(at, USER, DEEP), "nested too deeply"),
    "large": (lambda at: put(at, USER, b" " * 8_000_001), "more than 8,000,000 bytes"),
    "many digits": (
        lambda at: put(at, USER, b'{"x": ' + b"9" * 9000 + b"}"),
        f"{USER!r}: it is not",
    ),
    "a link": (linked, f"{TREND!r}: it is a link"),
    "a link to a folder": (linked_folder, "'view': it is a link"),
    "a pipe": (lambda at: os.mkfifo(at / "view/pipe@1.json"), "'view/pipe@1.json': it is no file"),
    "a case": (
        lambda at: (at / "view/Trend@1.json").write_text("{}"),
        f"{TREND!r}: it differs from 'view/Trend@1.json' by case only",
    ),
    "a path up": (
        of_manifest(lambda all_: all_["files"].update({"../view/x@1.json": "0"})),
        "'manifest.json': it names '../view/x@1.json'",
    ),
    "a path from the root": (
        of_manifest(lambda all_: all_["files"].update({"/etc/passwd": "0"})),
        "it names '/etc/passwd'",
    ),
    "a hidden way up": (
        of_manifest(lambda all_: all_["files"].update({"view/../../x@1.json": "0"})),
        "it names 'view/../../x@1.json'",
    ),
    "not listed": (
        lambda at: (at / "view/more@1.json").write_text("{}"),
        "'view/more@1.json': the manifest does not have it",
    ),
    "not there": (
        lambda at: (at / USER).unlink(),
        f"{USER!r}: the manifest has it, and it is not there",
    ),
    "the future": (of_manifest(lambda all_: all_.update(format=2)), "it has format 2"),
    "true": (of_manifest(lambda all_: all_.update(format=True)), "it has format True"),
    "another digest": (of_manifest(lambda all_: all_["files"].update({USER: 7})), "is no text"),
    "no files": (of_manifest(lambda all_: all_.update(files=[])), "none that was written so"),
    "a member of the manifest": (
        of_manifest(lambda all_: all_.update(x=1)),
        "none that was written",
    ),
    "another meaning": (
        of(SPENDING, lambda all_: all_["document"]["features"]["mean_7d"].update(window=1)),
        f"{SPENDING!r}: it",
    ),
    "another fingerprint": (
        of(SPENDING, lambda all_: all_.update(fingerprint="0" * 16)),
        "beside it stands '0000000000000000'",
    ),
    "another name": (
        of(USER, lambda all_: all_["document"].update(name="buyer")),
        f"{USER!r}: it holds the document of 'entity/buyer.json'",
    ),
    "another kind": (
        lambda at: put(at, USER, (at / "source/rates.json").read_bytes()),
        f"{USER!r}: it holds the document of 'source/rates.json'",
    ),
    "no kind": (of(USER, lambda all_: all_["document"].update(kind="Model")), "no kind 'Model'"),
    "a kind that is a list": (
        of(USER, lambda all_: all_["document"].update(kind=[])),
        "no kind []",
    ),
    "no document": (of(USER, lambda all_: all_.pop("document")), f"{USER!r}: it lacks 'document'"),
    "no fingerprint": (of(USER, lambda all_: all_.pop("fingerprint")), "it lacks 'fingerprint'"),
    "a member": (of(USER, lambda all_: all_.update(more=1)), "it has a member 'more'"),
    "a member of a document": (
        of(USER, lambda all_: all_["document"].update(more=1)),
        "nothing has a member 'more'",
    ),
    "a document of text": (
        of(USER, lambda all_: all_.update(document="x")),
        f"{USER!r}: it cannot",
    ),
    "a reference that lacks": (
        lambda at: put(at, USER, None),
        "it refers to 'entity/user.json', which is not there",
    ),
    "a view that lacks": (lambda at: put(at, TREND, None), f"it refers to {TREND!r}"),
    "a reference that is none": (
        of(MODEL, lambda all_: all_["document"].update(features=[7])),
        f"{MODEL!r}: it cannot be read",
    ),
    "a ring": (ring, "refer to each other in a ring: view/"),
    "an infinite number": (
        lambda at: put(
            at,
            SPENDING,
            (at / SPENDING).read_bytes().replace(b'"literal": 0,', b'"literal": 1e999,'),
        ),
        f"{SPENDING!r}: it",
    ),
    "half a character": (
        of(USER, lambda all_: all_["document"].update(description="\ud800")),
        f"{USER!r}: it cannot be read",
    ),
    "a function that reads files": (
        of(
            "view/judged@1.json",
            lambda all_: all_["document"]["function"].update(
                source=["def judged(mean_7d, amount):", "    return {'far': open('/etc/passwd')}"]
            ),
        ),
        "'view/judged@1.json': it cannot be read",
    ),
    "a function in one line": (
        of("view/judged@1.json", lambda all_: all_["document"]["function"].update(source="x")),
        "no list of lines",
    ),
    "a mark": (of(SPENDING, lambda all_: all_["mark"].update(state="gone")), "its mark is none"),
    "a mark's instant": (
        of(SPENDING, lambda all_: all_["mark"].update(at="2026-01-01T00:00:00")),
        "its mark is none that is written so",
    ),
    "a patch": (of(SPENDING, lambda all_: all_.update(patch="2")), "its patch is '2', no number"),
    "a patch of nothing": (of(SPENDING, lambda all_: all_.update(patch=0)), "its patch is 0"),
    "a mark of an entity": (
        lambda at: rewrite(
            at, USER, lambda all_: all_.update(mark=json.loads((at / SPENDING).read_text())["mark"])
        ),
        f"{USER!r}: its mark is none",
    ),
    "a mark that a terminal obeys": (
        of(SPENDING, lambda all_: all_["mark"].update(reason="\x1b[2J")),
        "its mark is none that is written so",
    ),
    "a store's name": (of_manifest(lambda all_: all_.update(store="a\x1b[2J")), "none that was"),
    "a long store's name": (of_manifest(lambda all_: all_.update(store="a" * 99)), "none that was"),
    "a mark of text": (of(SPENDING, lambda all_: all_.update(mark="x")), "its mark is none"),
    "half a patch": (of(SPENDING, lambda all_: all_.update(patch=True)), "its patch is True"),
    "an apply": (
        of("log/000001-20261120T090000Z.json", lambda all_: all_.pop("by")),
        "'log/000001-20261120T090000Z.json': it is no entry of a log",
    ),
}


@pytest.mark.parametrize("name", ["a\x00b", "x" * 300])
def test_a_folder_that_no_disk_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        export(tmp_path / name, PUBLISHED, LOG, "prod")
    with pytest.raises(InputError):
        read_export(tmp_path / name)


def test_a_link_in_the_folder_is_not_written_through(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (folder / USER).unlink()
    (folder / USER).symlink_to(tmp_path / "mine")
    with pytest.raises(DocumentError, match="it is a link"):
        export(folder, PUBLISHED, LOG, "prod")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_tampered_with_is_refused_by_the_name_of_its_file(name: str, folder: Path) -> None:
    edit, why = HOSTILE[name]
    edit(folder)
    with pytest.raises(SkewlessError) as caught:
        read_export(folder)
    assert why in str(caught.value)
    assert type(caught.value) is DocumentError
