"""Imported: a registry's files read again, with nothing in them taken on trust.

Whoever edits a folder, merges two, or sends one is told which file is wrong, and how. Only what is
right as a whole is given on.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.compiler import fingerprint
from skewless.compiler.document import UNREADABLE, Decoder, encode
from skewless.definitions.version import Version
from skewless.errors import DocumentError
from skewless.errors import shown as shortened
from skewless.registry.apply_log import entry_in
from skewless.registry.exported import FORMAT, digest
from skewless.registry.identity import Identity, meaning
from skewless.registry.layout import (
    MANIFEST,
    files_in,
    is_definition,
    is_entry,
    place_of,
    read,
    refused,
)
from skewless.registry.marks import Mark
from skewless.registry.printable import printable
from skewless.registry.published import Published
from skewless.registry.strict_json import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.compiler.document import Document
    from skewless.compiler.fingerprint import Known
    from skewless.definitions.collection import Definition

_MOST_PATCHES = 999_999_999  # as a version is written
_STORE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_MOST_SAID = 10_000  # of a mark, in characters
_MEMBERS = {"document", "fingerprint", "mark", "patch"}
_AGAIN = "export again, or take the folder as it was (git checkout)"


@dataclass(frozen=True, slots=True)
class Imported:
    """What a folder holds.

    Attributes:
        published: the definitions, in order of dependency, the marks and the patches.
        store: whose registry it is.
    """

    published: Published
    store: str


def read_export(folder: str | Path) -> Imported:
    """Read and check an exported registry.

    Raises:
        InputError: there is no such folder.
        DocumentError: it is no export, is not whole, or was edited; the message names the file.
    """
    return _Reading(Path(folder)).result()


class _Reading:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def result(self) -> Imported:
        names = files_in(self.folder)
        if MANIFEST not in names:
            raise refused(self.folder, MANIFEST, "it is not there, so this is no export")
        manifest = self._manifest()
        contents = {
            name: self._content(name, manifest["files"]) for name in names if name != MANIFEST
        }
        for name in manifest["files"]:
            if name not in contents:
                raise refused(
                    self.folder, name, f"the manifest has it, and it is not there: {_AGAIN}"
                )
        for name in filter(is_entry, contents):
            self._check_entry(name, contents[name])
        return self._published(
            {name: contents[name] for name in contents if is_definition(name)}, manifest["store"]
        )

    def _manifest(self) -> Document:
        found = self._parsed(MANIFEST, read(self.folder, MANIFEST))
        formats = (found.get("format"), found.get("fingerprint_format"))
        if [*map(repr, formats)] != [repr(FORMAT), repr(fingerprint.FORMAT)]:
            raise refused(
                self.folder,
                MANIFEST,
                f"it has format {formats[0]!r}, fingerprints {formats[1]!r}; this skewless reads "
                f"format {FORMAT}, fingerprints {fingerprint.FORMAT}. Install the skewless that "
                "wrote it",
            )
        files = found.get("files")
        if found.keys() != {"format", "fingerprint_format", "store", "files"} or not (
            isinstance(files, dict)
            and isinstance(found["store"], str)
            and _STORE.fullmatch(found["store"])
        ):
            raise refused(self.folder, MANIFEST, f"it is none that was written so: {_AGAIN}")
        for name, value in files.items():
            if not is_definition(name) and not is_entry(name):
                raise refused(
                    self.folder,
                    MANIFEST,
                    f"it names {shortened(name)}, which no export has: {_AGAIN}",
                )
            if not isinstance(value, str):
                raise refused(self.folder, MANIFEST, f"the digest of {name!r} is no text: {_AGAIN}")
        return found

    def _content(self, name: str, digests: Mapping[str, str]) -> Document:
        if name not in digests:
            raise refused(self.folder, name, f"the manifest does not have it: {_AGAIN}")
        content = read(self.folder, name)
        if (now := digest(content)) != digests[name]:
            raise refused(
                self.folder,
                name,
                f"it was edited, merged or cut off: its digest is {now}, the manifest says "
                f"{shortened(digests[name])}. A definition is changed by skewless apply; {_AGAIN}",
            )
        return self._parsed(name, content)

    def _parsed(self, name: str, content: bytes) -> Document:
        try:
            found = parse(content)
        except ValueError as error:
            raise refused(self.folder, name, f"it is not JSON ({error}): {_AGAIN}") from error
        if not isinstance(found, dict):
            raise refused(self.folder, name, f"it holds no object: {_AGAIN}")
        return found

    def _check_entry(self, name: str, content: Document) -> None:
        try:
            entry_in({"sk": {"S": name}, "d": {"S": json.dumps(content)}})
        except (DocumentError, RecursionError) as error:
            raise refused(self.folder, name, f"it is no entry of a log: {error}") from error

    def _published(self, contents: Mapping[str, Document], store: str) -> Imported:
        decoder = Decoder()
        known: Known = {}
        found: list[Definition] = []
        marks: dict[Identity, Mark] = {}
        patches: dict[Identity, int] = {}
        for name in self._in_order(contents):
            content = contents[name]
            item = self._definition(name, content, decoder, known)
            found.append(item)
            if "mark" in content:
                marks[Identity.of(item)] = self._mark(name, content["mark"])
            if "patch" in content:
                patches[Identity.of(item)] = self._patch(name, content["patch"])
        return Imported(replace(Published.of(found, marks), patches=patches), store)

    def _in_order(self, contents: Mapping[str, Document]) -> list[str]:
        """Return the files, each after those that it refers to."""
        graph: dict[str, list[str]] = {}
        for name in sorted(contents):
            try:
                graph[name] = sorted({*_references(contents[name]["document"])})
            except UNREADABLE as error:
                raise self._unreadable(name, error) from error
            for other in graph[name]:
                if other not in contents:
                    raise refused(
                        self.folder, name, f"it refers to {other!r}, which is not there: {_AGAIN}"
                    )
        try:
            return [*TopologicalSorter(graph).static_order()]
        except CycleError as error:
            names = " -> ".join(error.args[1])
            raise refused(
                self.folder, error.args[1][0], f"definitions refer to each other in a ring: {names}"
            ) from error

    def _definition(
        self, name: str, content: Document, decoder: Decoder, known: Known
    ) -> Definition:
        if unknown := content.keys() - _MEMBERS:
            raise refused(self.folder, name, f"it has a member {min(unknown)!r}: {_AGAIN}")
        try:
            item = decoder.decode(_joined(content["document"]))
            now, written = meaning(item, known), content["fingerprint"]
            json.dumps(encode(item), allow_nan=False)
        except UNREADABLE as error:
            raise self._unreadable(name, error) from error
        if (place := place_of(Identity.of(item))) != name:
            raise refused(self.folder, name, f"it holds the document of {place!r}: {_AGAIN}")
        if now != written:
            raise refused(
                self.folder,
                name,
                f"its document has the fingerprint {now}, beside it stands {shortened(written)}. "
                f"What was published keeps its meaning: change it by skewless apply; {_AGAIN}",
            )
        return item

    def _mark(self, name: str, content: object) -> Mark:
        try:
            found = Mark.from_json(json.dumps(content))
            is_whole = json.loads(found.to_json()) == content and found.at.tzinfo is not None
        except UNREADABLE as error:
            raise refused(self.folder, name, f"its mark is none ({error}): {_AGAIN}") from error
        texts = (found.reason, found.successor, found.by)
        is_whole = is_whole and name.startswith(("view/", "service/"))
        if not is_whole or any(len(text) > _MOST_SAID or printable(text) != text for text in texts):
            raise refused(self.folder, name, f"its mark is none that is written so: {_AGAIN}")
        return found

    def _patch(self, name: str, content: object) -> int:
        """Return how often the words of a definition changed."""
        if type(content) is not int or not 1 <= content <= _MOST_PATCHES:
            raise refused(
                self.folder, name, f"its patch is {shortened(content)}, no number from 1: {_AGAIN}"
            )
        return content

    def _unreadable(self, name: str, error: Exception) -> DocumentError:
        what = f"it lacks {error}" if isinstance(error, KeyError) else f"it cannot be read: {error}"
        return refused(self.folder, name, f"{what}. {_AGAIN}")


def _joined(document: Document) -> Document:
    """Return the document as the registry holds it; see `exported.shown`."""
    if "function" not in document:
        return document
    function = document["function"]
    lines = function["source"]
    if not isinstance(lines, list):
        raise ValueError("the source of its function is no list of lines")  # noqa: TRY004
    return document | {"function": function | {"source": "\n".join(lines)}}


def _references(document: Document) -> Iterator[str]:
    """Yield the files of what a document refers to."""
    match document["kind"]:
        case "FeatureView":
            if document["entity"] is not None:
                yield f"entity/{document['entity']}.json"
            yield f"source/{document['source']}.json"
        case "FeatureService":
            yield from (_view(named) for named in document["features"])
        case "OnDemandView":
            function = document.get("function")
            yield from _in_nodes(document["features"] if function is None else function["inputs"])


def _in_nodes(nodes: Any) -> Iterator[str]:
    waiting = [nodes]
    while waiting:  # not by recursion: how deep it is, the file decides
        match waiting.pop():
            case {"feature": named}:
                yield _view(named)
            case dict() as members:
                waiting.extend(members.values())
            case list() as items:
                waiting.extend(items)


def _view(named: Any) -> str:
    name, version, *_ = named
    return place_of(Identity("view", name, Version.parse(version).without_patch))
