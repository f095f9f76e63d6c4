"""Entities to look at again: by name while the statement can name them, else everyone."""

from __future__ import annotations

from skewless.compiler.again import MOST_NAMED, NOBODY, Again
from skewless.compiler.keys import encode_key
from skewless.definitions import types

KINDS = (types.String, types.Int64)


def texts(count: int, name: str = "a") -> list[str]:
    return [encode_key((name, number), KINDS) for number in range(count)]


def test_nobody_is_no_key() -> None:
    assert Again.of([], KINDS) == NOBODY


def test_few_entities_are_named() -> None:
    assert Again.of(texts(2), KINDS) == Again((("a", 0), ("a", 1)), is_everyone=False)
    assert len(Again.of(texts(MOST_NAMED), KINDS).keys) == MOST_NAMED


def test_too_many_entities_are_everyone() -> None:
    assert Again.of(texts(MOST_NAMED + 1), KINDS) == Again((), is_everyone=True)


def test_keys_that_are_too_long_together_are_everyone() -> None:
    assert not Again.of(texts(20, "x" * 1_700), KINDS).is_everyone
    assert Again.of(texts(30, "x" * 1_700), KINDS).is_everyone
