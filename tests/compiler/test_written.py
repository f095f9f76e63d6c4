"""A document is what `encode` writes, member by member, or is refused."""

from __future__ import annotations

from typing import Any

import pytest

from skewless.compiler.written import check_same

MEANT: dict[str, Any] = {
    "name": "delays",
    "version": 1,
    "scale": 1.0,
    "features": [["n", {"window": None}]],
    "is_set": True,
    "description": "",
}


def changed(**members: Any) -> dict[str, Any]:
    return {**MEANT, **members}


@pytest.mark.parametrize(
    "found",
    [
        MEANT,
        changed(scale=1),
        changed(version=1.0),
        {name: value for name, value in MEANT.items() if name != "description"},
    ],
)
def test_the_same_is_accepted_as_json_may_write_it(found: dict[str, Any]) -> None:
    check_same(MEANT, found)


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (changed(extra=1), "nothing has a member 'extra'"),
        (changed(name="Delays"), "its name is none"),
        (changed(version=True), "its version is none"),
        (changed(is_set=1), "its is_set is none"),
        (changed(features=[["n", {}]]), "its features is none"),
        (changed(features=[["n", {"window": None}], []]), "its features is none"),
        (changed(features={"n": {}}), "its features is none"),
        (changed(description=None), "its description is none"),
    ],
)
def test_another_document_is_refused_by_member(found: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check_same(MEANT, found)


def test_a_member_that_lacks_is_named() -> None:
    with pytest.raises(KeyError, match="version"):
        check_same(MEANT, {name: value for name, value in MEANT.items() if name != "version"})
