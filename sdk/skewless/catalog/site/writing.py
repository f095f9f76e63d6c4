"""Writes a catalog as a folder of plain files: pages, styles, scripts and what these read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from skewless.catalog.site.pages import Site
from skewless.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.catalog.document import Catalog

_ASSETS = Path(__file__).parent / "assets"
_LIST = "catalog-files.json"


def write_site(document: Catalog, folder: Path) -> Path:
    """Write a catalog's pages, and remove those of an earlier catalog that it has no more.

    The pages need no server, ask no other host for anything, and run no script but their own.

    Args:
        document: what to show. Its texts may hold anything.
        folder: where to. It is made if it is not there.

    Returns:
        The first page, `index.html`.

    Raises:
        InputError: the folder holds files that are no catalog's.
    """
    before = _earlier(folder)
    files = dict(_files(document))
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in before - files.keys():
        (folder / name).unlink(missing_ok=True)
    (folder / _LIST).write_text(json.dumps(sorted(files), indent=1) + "\n", encoding="utf-8")
    return folder / "index.html"


def check_folder(folder: Path) -> None:
    """Refuse a folder that `write_site` would refuse, before a catalog is collected for it.

    Raises:
        InputError: it holds files that are no catalog's.
    """
    _earlier(folder)


def _files(document: Catalog) -> Iterator[tuple[str, bytes]]:
    for path in sorted(_ASSETS.rglob("*")):
        if path.is_file():
            yield f"assets/{path.relative_to(_ASSETS).as_posix()}", path.read_bytes()
    for name, text in Site(document).pages():
        yield name, text.encode()


def _earlier(folder: Path) -> set[str]:
    """Return the files that an earlier catalog left here; never one outside of the folder."""
    if not folder.is_dir() or not any(folder.iterdir()):
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file; name a folder for the catalog")
        return set()
    try:
        listed = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        names = {name for name in listed if isinstance(name, str)}
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{folder} holds files that are no catalog's; name another folder, or empty this one"
        ) from error
    root = folder.resolve()
    return {name for name in names if root in (folder / name).resolve().parents}
