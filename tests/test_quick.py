"""Data classes that are made quickly do what the library's do."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import math
import pickle
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from skewless.quick import dataclass as quick

OPTIONS: dict[str, Any] = {"frozen": True, "slots": True}


@quick(frozen=True, slots=True)
class Kept:
    """At the top of a module, where pickles find it."""

    name: str
    more: Kept | None = None
    found: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", len(self.name))


def shapes(made: Any) -> list[tuple[type[Any], list[tuple[Any, ...]], dict[str, Any]]]:
    """Return classes that a decorator made, with arguments for each."""

    @made(**OPTIONS)
    class Empty:
        """Of nothing."""

    @made(**OPTIONS)
    class One:
        """Of one."""

        value: float

    @made(**OPTIONS)
    class Many:
        """Of many."""

        name: str
        values: tuple[int, ...] = ()
        tags: dict[str, str] = field(default_factory=dict, compare=False)
        made: list[int] = field(default_factory=list, init=False, compare=False)
        size: int = field(default=3, repr=False)
        always: int = field(default=7, init=False)

    @made(**OPTIONS, kw_only=True)
    class Named:
        """Of names."""

        first: int
        second: int = 2

    @made(**OPTIONS)
    class Mixed:
        """Of both."""

        first: int
        second: int = field(kw_only=True)
        third: int = 3

    @made(**OPTIONS)
    class Own:
        """Of methods that it has itself."""

        value: int

        def __init__(self, value: str) -> None:
            object.__setattr__(self, "value", int(value))

        def __repr__(self) -> str:
            return "mine"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self)) and self.value % 10 == other.value % 10

        def __hash__(self) -> int:
            return self.value % 10

    return [
        (Empty, [()], {}),
        (One, [(1.5,), (math.nan,), (2,)], {}),
        (Many, [("a",), ("a", (1,)), ("b", (1,), {"x": "y"}, 9)], {}),
        (Named, [()], {"first": 1}),
        (Mixed, [(1,), (1, 5)], {"second": 4}),
        (Own, [("11",), ("21",), ("12",)], {}),
    ]


ALIKE = list(zip(shapes(quick), shapes(dataclasses.dataclass), strict=True))
IDS = [theirs[0].__name__ for _, theirs in ALIKE]


def items(shape: tuple[type[Any], list[tuple[Any, ...]], dict[str, Any]]) -> list[Any]:
    made, arguments, named = shape
    return [made(*given, **named) for given in arguments]


@pytest.mark.parametrize(("ours", "theirs"), ALIKE, ids=IDS)
def test_they_print_compare_and_hash_alike(ours: Any, theirs: Any) -> None:
    mine, others = items(ours), items(theirs)
    assert [*map(repr, mine)] == [*map(repr, others)]
    assert [*map(hash, mine)] == [*map(hash, others)]
    assert [[x == y for x in mine] for y in mine] == [[x == y for x in others] for y in others]
    assert [x == copy.copy(x) for x in mine] == [x == copy.copy(x) for x in others]
    assert not any(x == y for x in mine for y in others)


@pytest.mark.parametrize(("ours", "theirs"), ALIKE, ids=IDS)
def test_they_have_the_same_fields_arguments_and_slots(ours: Any, theirs: Any) -> None:
    mine, others = ours[0], theirs[0]
    assert [
        (f.name, f.init, f.compare, f.repr, f.kw_only, f.default) for f in dataclasses.fields(mine)
    ] == [
        (f.name, f.init, f.compare, f.repr, f.kw_only, f.default)
        for f in dataclasses.fields(others)
    ]
    assert (mine.__slots__, mine.__match_args__) == (others.__slots__, others.__match_args__)
    told = [
        [
            (p.name, p.kind, p.default is p.empty)
            for p in inspect.signature(each).parameters.values()
        ]
        for each in (mine, others)
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(("ours", "theirs"), ALIKE, ids=IDS)
def test_wrong_arguments_are_the_same_error(ours: Any, theirs: Any) -> None:
    for wrong in ((1, 2, 3, 4, 5, 6), ("x", "y", "z", "w", "v")):
        for made in (ours[0], theirs[0]):
            with pytest.raises(TypeError):
                made(*wrong)
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        ours[0](**{**ours[2], "other": 1})


@pytest.mark.parametrize("item", [item for ours, _ in ALIKE for item in items(ours)], ids=repr)
def test_nothing_of_them_can_be_changed(item: Any) -> None:
    for field_ in (*dataclasses.fields(item), None):
        name = "other" if field_ is None else field_.name
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field {name!r}"):
            setattr(item, name, 1)
        with pytest.raises(FrozenInstanceError, match=f"cannot delete field {name!r}"):
            delattr(item, name)


def test_they_are_copied_pickled_and_replaced() -> None:
    item = Kept("a", Kept("bcd"))
    for again in (copy.deepcopy(item), pickle.loads(pickle.dumps(item))):  # noqa: S301 - our own
        assert again == item
        assert again.more is not None
        assert (again.found, again.more.found) == (1, 3)
    assert dataclasses.replace(item, name="xy").found == 2
    assert repr(item) == "Kept(name='a', more=Kept(name='bcd', more=None))"
    assert dataclasses.asdict(item)["more"]["name"] == "bcd"


def test_lists_of_two_items_are_their_own() -> None:
    made = shapes(quick)[2][0]
    first, second = made("a"), made("a")
    first.tags["x"] = "y"
    first.made.append(1)
    assert (second.tags, second.made) == ({}, [])


def test_other_options_are_the_librarys() -> None:
    @quick(slots=True)
    class Loose:
        """May be changed."""

        value: int = 0

    item = Loose()
    item.value = 5
    assert repr(item).endswith("Loose(value=5)")
