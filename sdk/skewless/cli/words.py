"""Error messages for the command line: they name options instead of Python's arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    r"\bentity_df\b": "LABELS",
    r"\bentity_rows\b": "the rows",
    r"\brewrite=True\b": "--rewrite",
    r"\bfull_names=True\b": "--full-names",
    r"\blatest=True \(--latest\)": "--latest",
    r"\bforce=True \(--force\)": "--force",
    r"\baccept_skew=True \(--accept-skew\)": "--accept-skew",
    r"\bstrict=True\b": "--strict",
    r"\bagain=True\b": "--again",
    r"\bmode='replay' and watermark='column'": "--mode replay and --watermark COLUMN",
    r"\bsnapshots=": "--snapshots ",
    r"\btimestamp='(\w+)'": r"--timestamp \1",
    r"\btimestamp=": "--timestamp ",
    r"\bwatermark=": "--watermark ",
    r"\bmode=": "--mode ",
    r"\bengine=": "--engine ",
}


def in_words_of_the_command(message: str) -> str:
    """Return an error's message with the names of options in the place of Python's arguments."""
    for pattern, word in _WORDS.items():
        message = re.sub(pattern, word, message)
    return message
