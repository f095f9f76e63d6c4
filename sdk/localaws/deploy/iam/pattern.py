"""Wildcards as IAM has them: `*` is any text, `?` one character; and what stands in `${...}`."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws.deploy.iam.permission import Context

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}
_ARN_PARTS = 6
# Stand-ins for characters that a variable's value has and that must not act as wildcards.
_QUOTED = str.maketrans({"*": "\ue000", "?": "\ue001"})
_UNQUOTED = str.maketrans({"\ue000": "*", "\ue001": "?"})


def filled(pattern: str, context: Context) -> str | None:
    """The pattern with its variables replaced; None if one has no value, which matches nothing."""
    if "${" not in pattern:
        return pattern
    is_complete = True

    def value(match: re.Match[str]) -> str:
        nonlocal is_complete
        name, _, default = match[1].partition(",")
        name = name.strip()
        if name in _LITERALS:
            return _LITERALS[name].translate(_QUOTED)
        values = context.get(name.lower(), ())
        if len(values) == 1:
            return values[0].translate(_QUOTED)
        if default:
            return default.strip().strip("'").translate(_QUOTED)
        is_complete = False
        return ""

    text = _VARIABLE.sub(value, pattern)
    return text if is_complete else None


def plain(text: str) -> str:
    """A filled text for comparisons without wildcards."""
    return text.translate(_UNQUOTED)


def matches(pattern: str, text: str) -> bool:
    """Whether a filled pattern covers a text; case counts."""
    return _compiled(pattern).fullmatch(text) is not None


def matches_arn(pattern: str, arn: str) -> bool:
    """Whether a pattern covers an ARN, part by part: a wildcard does not reach over a colon.

    Only the last part, the resource, may have colons of its own. Parts left out at a pattern's end
    are wildcards, as in AWS.
    """
    parts, given = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    if len(given) < _ARN_PARTS:
        return matches(pattern, arn)
    parts += "*" * (_ARN_PARTS - len(parts))
    return all(matches(part, value) for part, value in zip(parts, given, strict=True))


def matches_action(pattern: str, action: str) -> bool:
    """Whether a pattern covers an action; case does not count."""
    return matches(pattern.lower(), action.lower())


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = ({"*": ".*", "?": "."}.get(char) or re.escape(plain(char)) for char in pattern)
    return re.compile("".join(parts), re.DOTALL)
