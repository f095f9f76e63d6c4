"""Link the first use of a word of our own, on each page, to the glossary.

It is done for the site alone, so that the pages stay readable as text. Words that are also everyday
words (check, item, label, line, window) are left out: a link on each would say nothing.
"""

from __future__ import annotations

import re

WORDS = {
    "as served": "as-served",
    "clamped": "clamp",
    "cut": "cut",
    "cuts": "cut",
    "day item": "day-item",
    "day items": "day-item",
    "fingerprint": "fingerprint",
    "fingerprints": "fingerprint",
    "front door": "front-door",
    "hop": "hop",
    "hops": "hop",
    "lock file": "lock-file",
    "lock files": "lock-file",
    "manifest": "manifest",
    "normal form": "normal-form",
    "normal forms": "normal-form",
    "on-demand view": "on-demand-view",
    "on-demand views": "on-demand-view",
    "oracle": "oracle",
    "overdue": "overdue",
    "partial": "partial",
    "partials": "partial",
    "quarantine": "quarantine",
    "redrive": "redrive",
    "request fields": "request-field",
    "session tables": "session-table",
    "settle": "settle",
    "shard": "shard",
    "stamp": "stamp",
    "stamped": "stamp",
    "stamps": "stamp",
    "tile": "tile",
    "tiles": "tile",
    "tombstone": "tombstone",
    "tombstones": "tombstone",
    "watermark": "watermark",
    "watermarks": "watermark",
}
_WORD = re.compile(
    rf"(?<![\w`*\[/#.-])(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})(?![\w`\]/-])",
    re.IGNORECASE,
)
# What is left as it is: code, links and pictures, headings, comments, rows of a table's head.
_KEPT = re.compile(
    r"^(`{3,}).*?^\1|(?P<code>`+)[^`]+(?P=code)|!?\[[^\]]*\]\([^)]*\)|^#.*?$|<!--.*?-->|<[^>]+>"
    r"|^:::.*?(?=^\S|\Z)|\*\*[^*]+\*\*",
    re.DOTALL | re.MULTILINE,
)


def explained(text: str, glossary: str) -> str:
    """Return a page in which the first use of each word leads to the glossary.

    Args:
        text: the page, as Markdown.
        glossary: the path of the glossary, as seen from the page.
    """
    told: set[str] = set()

    def linked(match: re.Match[str]) -> str:
        anchor = WORDS[match[0].lower()]
        if anchor in told:
            return match[0]
        told.add(anchor)
        return f"[{match[0]}]({glossary}#{anchor})"

    parts, end = [], 0
    for kept in _KEPT.finditer(text):
        parts += [_WORD.sub(linked, text[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*parts, _WORD.sub(linked, text[end:])])
