"""A plan as Markdown, for a comment on a pull request. Pure.

Names, values and descriptions are of users' files, and whoever opens a pull request writes them. So
every character of theirs that Markdown, HTML or GitHub knows is written as a character reference:
no text ends a table, opens a tag, makes a link or calls somebody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.registry.change import Action
from skewless.registry.fill_table import COLUMNS, REFILL, fill_notes, fill_rows
from skewless.registry.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from skewless.registry.change import Change

# GitHub refuses a comment of more than 65,536 characters.
MOST_CHARACTERS = 60_000
_MOST_OF_TEXT = 400
_CALLS = "@#:-"  # GitHub looks for people, issues, emoji and commits behind these


def plan_markdown(
    changes: Sequence[Change], *, title: str, summary: str, marked: Sequence[str], month: str
) -> str:
    """Return Markdown: a headline, tables, and details that are folded.

    Args:
        changes: of the plan.
        title: of which store; empty for none.
        summary: one line.
        marked: sentences of marked versions that are read.
        month: a sentence on what a month costs; empty if nobody told the traffic.
    """
    made = [one for one in changes if one.action is not Action.UNCHANGED]
    of_store = f" for {code(title)}" if title else ""
    is_refused = any(one.action is Action.REFUSE for one in made)
    told = "refused" if is_refused else "nothing to do" if not made else summary
    top = [
        f"{marker(title)}\n### Plan{of_store}: {prose(told)}",
        *([prose(summary) + "."] if is_refused else []),
    ]
    if made:
        top.append(_table(("", "Kind", "Name", "Needs", "Differs"), map(_row, made)))
    rows = fill_rows(made)
    if rows:
        top.append(_table(COLUMNS, ([code(row[0]), *map(prose, row[1:])] for row in rows)))
    top += [f"**{prose(note)}**" if REFILL in note else prose(note) for note in fill_notes(made)]
    top += [f"{prose(month[0].upper() + month[1:])}."] if month else []
    top += [_listed("Read, and not to be used for anything new", marked)] if marked else []
    readers = [f"{one.called}: {one.on_it}" for one in made if one.dependents]
    warnings = [f"{one.called}: {text}" for one in made for text in one.every_warning]
    folded = [
        _folded("What differs", _differences(made)),
        _folded("What reads it", _listed("", readers)),
        _folded(f"Warnings ({len(warnings)})", _listed("", warnings)),
    ]
    return _cut_short([*top, *filter(None, folded)])


def marker(store: str) -> str:
    """Return a line that no reader sees, by which the comment of a store's plan is found again."""
    name = "".join(letter for letter in store if letter.isalnum() or letter in "-_")
    return f"<!-- skewless plan {name} -->" if name else "<!-- skewless plan -->"


def code(text: str) -> str:
    """Return a text of a user as code, on one line."""
    return f"<code>{_referred(text)}</code>" if text else ""


def prose(text: str) -> str:
    """Return a sentence with texts of users in it, on one line."""
    referred = _referred(text)
    for sign in _CALLS:
        # A comment parts the text: GitHub looks at each part alone.
        referred = referred.replace(f"&#{ord(sign)};", f"&#{ord(sign)};<!-- -->")
    return referred


def _referred(text: str) -> str:
    one_line = " ".join(printable(text).split())
    if len(one_line) > _MOST_OF_TEXT:
        one_line = f"{one_line[:_MOST_OF_TEXT]} ..."
    return "".join(
        letter if letter.isalnum() or letter in " ,'" else f"&#{ord(letter)};"
        for letter in one_line
    )


def _row(change: Change) -> list[str]:
    kind = change.kind.replace("_", "-").removesuffix("-view") or "view"
    action = f"**{change.action.value}**" if change.action is Action.REFUSE else change.action.value
    return [
        action,
        kind,
        code(change.called),
        prose(change.needs_written),
        prose(_in_short(change)),
    ]


def _in_short(change: Change) -> str:
    """Count what differs, or say why it is refused where nothing else is told."""
    counts = {
        "changed": sum(None not in (one.before, one.after) for one in change.differences),
        "added": sum(one.before is None and one.after is not None for one in change.differences),
        "removed": sum(one.after is None and one.before is not None for one in change.differences),
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    if change.compared_with is not None and change.action is Action.CREATE and told:
        told[-1] += f" since {change.compared_with.version}"
    if change.action is Action.REFUSE and change.needed is None and change.details:
        told.append(change.details[-1])  # no version mends it: this is the way out
    return "; ".join(told)


def _differences(made: Iterable[Change]) -> str:
    rows = [
        [code(change.called), prose(one.what), code(one.before or ""), code(one.after or "")]
        for change in made
        for one in change.differences
    ]
    found = _table(("Name", "What", "Before", "After"), rows) if rows else ""
    reasons = [
        f"{change.called}: {text}"
        for change in made
        if change.action is Action.REFUSE and not change.differences
        for text in change.details
    ]
    return "\n\n".join(filter(None, [found, _listed("", reasons)]))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = [name.removeprefix(">") for name in columns]
    rule = ["--:" if name.startswith(">") else "---" for name in columns]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def _listed(title: str, texts: Sequence[str]) -> str:
    lines = [f"- {prose(text)}" for text in texts]
    return "\n".join([*([f"{title}:", ""] if title and lines else []), *lines])


def _folded(title: str, content: str) -> str:
    if not content:
        return ""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _cut_short(blocks: Sequence[str]) -> str:
    """Join the blocks; leave out whole ones from where a comment would be too long."""
    kept: list[str] = []
    length = 0
    for block in blocks:
        length += len(block) + 2
        if length > MOST_CHARACTERS:
            kept.append("The rest is too long for a comment: `skewless plan` shows it.")
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"
