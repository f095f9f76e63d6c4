"""Copy the pages into one folder from which a site can be built.

Pages link to files of the repository, such as `../cdk/permissions.py`. The site has no repository
behind it, so each such file becomes a page that shows it, and the links go there.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from docs.site.glossary import explained

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = REPOSITORY / "docs"
_GLOSSARY = PAGES / "glossary.md"
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")
_PICTURE = re.compile(
    r'<picture>.*?<img [^>]*alt="([^"]*)" src="([^"]*)-light\.(svg|png)">.*?</picture>', re.DOTALL
)
_LANGUAGES = {".py": "python", ".json": "json", ".toml": "toml", ".yml": "yaml"}
_LINES_SHOWN = 400
_HOME = {"README.md": "index.md"}  # the site's first page says what the README says


def assemble(folder: Path) -> list[Path]:
    """Write all pages, pictures and shown files to an empty folder.

    Returns:
        The shown files, relative to the repository.

    Raises:
        FileNotFoundError: a page links to a file that is not there.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shown: dict[Path, None] = {}
    for source in sorted(PAGES.rglob("*")):
        target = folder / source.relative_to(PAGES)
        if source.suffix == ".md":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_linked(source, shown), encoding="utf-8")
        elif source.suffix in {".svg", ".png", ".css"}:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    with (folder / "decisions" / "index.md").open("a", encoding="utf-8") as index:
        index.write(_decisions())
    for path in shown:
        page = folder / _page_of(path)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_show(path), encoding="utf-8")
    return list(shown)


def _linked(page: Path, shown: dict[Path, None]) -> str:
    """Return a page's text, in which links out of `docs/` lead to pages of the site."""
    depth = len(page.relative_to(PAGES).parts) - 1

    def moved(match: re.Match[str]) -> str:
        target, anchor = match["target"], match["anchor"] or ""
        if ":" in target:  # an address of the web
            return match[0]
        file = (page.parent / target).resolve()
        if file.is_relative_to(PAGES):
            return match[0]
        path = file.relative_to(REPOSITORY)
        if home := _HOME.get(str(path)):
            return "../" * depth + home
        shown[path] = None
        return "../" * depth + str(_page_of(path)) + anchor

    # The site's reader may choose another scheme than the system's, which <picture> asks for.
    text = _PICTURE.sub(
        r"![\1](\2-light.\3#only-light)\n![\1](\2-dark.\3#only-dark)",
        page.read_text(encoding="utf-8"),
    )
    text = _LINK.sub(moved, text)
    return text if page == _GLOSSARY else explained(text, "../" * depth + _GLOSSARY.name)


def _decisions() -> str:
    """Return a list of all decisions, by their titles: nobody has to keep one."""
    pages = sorted((PAGES / "decisions").glob("0*.md"))
    titles = [page.read_text(encoding="utf-8").split("\n", 1)[0].lstrip("# ") for page in pages]
    rows = (f"- [{title}]({page.name})" for page, title in zip(pages, titles, strict=True))
    return "\n" + "\n".join(rows) + "\n"


def _page_of(path: Path) -> Path:
    return Path("source") / path.with_name(f"{path.name}.md")


def _show(path: Path) -> str:
    file = REPOSITORY / path
    if file.suffix == ".md":  # its own links are to files that the site does not show
        return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", file.read_text("utf-8"))
    if file.is_dir():
        names = sorted(
            f"{item.name}/" if item.is_dir() else item.name
            for item in file.iterdir()
            if not item.name.startswith(("_", "."))
        )
        return f"# {path}\n\n" + "".join(f"- `{name}`\n" for name in names)
    lines = file.read_text(encoding="utf-8").splitlines()
    rest = len(lines) - _LINES_SHOWN
    text = "\n".join(lines[:_LINES_SHOWN])
    note = f"\n\nThe first {_LINES_SHOWN} of {len(lines)} lines.\n" if rest > 0 else "\n"
    return f"# {path}\n\n````{_LANGUAGES.get(file.suffix, 'text')}\n{text}\n````{note}"


if __name__ == "__main__":
    assemble(Path(sys.argv[1]))
