"""The version of a definition as it is written in a Python file, and how another is put there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.definitions.version import Version

_MAKERS = frozenset({"FeatureView", "OnDemandView", "FeatureService", "on_demand_view"})


def with_version(source: str, name: str, before: Version, after: Version) -> str | None:
    """Return the source with another version of one definition; all else stays to the letter.

    Args:
        source: of a Python file.
        name: of the view or service, as a literal in the call that makes it.
        before: the version that it has now.
        after: the version to be written.

    Returns:
        None unless exactly one call in the source makes it.
    """
    calls = [(call, at) for call, at in _calls(ast.parse(source), name) if _says(call, before)]
    if len(calls) != 1:
        return None
    ((call, at),) = calls
    text = f'"{after}"' if after.minor or after.patch else str(after)
    lines = source.encode().splitlines(keepends=True)
    for keyword in call.keywords:
        if keyword.arg == "version":
            return _replaced(lines, keyword.value, text)
    return _inserted(lines, call, at, text)


def _calls(tree: ast.Module, name: str) -> Iterator[tuple[ast.Call, ast.expr | None]]:
    """Yield the calls that make a definition of this name, with the node that says the name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_maker(node.func):
            said = node.args[0] if node.args else None
            said = next((each.value for each in node.keywords if each.arg == "name"), said)
            if isinstance(said, ast.Constant) and said.value == name:
                yield node, said
        if isinstance(node, ast.FunctionDef) and node.name == name:
            yield from (
                (each, None)
                for each in node.decorator_list
                if isinstance(each, ast.Call)
                and _is_maker(each.func)
                and not any(keyword.arg == "name" for keyword in each.keywords)
            )


def _is_maker(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _MAKERS
        case _:
            return False


def _says(call: ast.Call, version: Version) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "version":
            written = keyword.value
            if not isinstance(written, ast.Constant):
                return False
            try:
                return version.parse(written.value).without_patch == version.without_patch
            except ValueError:
                return False
    return version.without_patch == 1


def _replaced(lines: list[bytes], node: ast.expr, text: str) -> str:
    """Put a text in the place of an expression; columns count bytes."""
    begin = _offset(lines, node.lineno, node.col_offset)
    end = _offset(lines, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    content = b"".join(lines)
    return (content[:begin] + text.encode() + content[end:]).decode()


def _inserted(lines: list[bytes], call: ast.Call, at: ast.expr | None, text: str) -> str:
    """Write `version=...` after the name, on a line of its own if the next argument has one."""
    content = b"".join(lines)
    if at is None:
        begin = _offset(lines, call.func.end_lineno or 0, call.func.end_col_offset or 0)
        place = content.index(b"(", begin) + 1
        rest = content[place:]
        gap = rest[: len(rest) - len(rest.lstrip())]
        added = gap + f"version={text},".encode() + (b"" if gap else b" ")
        return (content[:place] + added + rest).decode()
    place = _offset(lines, at.end_lineno or 0, at.end_col_offset or 0)
    rest = content[place:]
    after_comma = rest[1:] if rest.startswith(b",") else b""
    gap = after_comma[: len(after_comma) - len(after_comma.lstrip())]
    added = b"," + (gap if b"\n" in gap else b" ") + f"version={text}".encode()
    return (content[:place] + added + rest).decode()


def _offset(lines: list[bytes], line: int, column: int) -> int:
    return sum(map(len, lines[: line - 1])) + column
