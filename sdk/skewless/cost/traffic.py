"""Traffic: what a store has to carry on an average day, as its owner expects or knows it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from skewless.compiler.physical import to_physical
from skewless.definitions import types
from skewless.errors import InputError, UnknownNameError, shown
from skewless.registry.selection import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType
    from skewless.registry.published import Published

T = TypeVar("T")
_TEXT, _BYTES = "sixteen letters.", bytes(32)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What comes in and what is asked for, on an average day.

    Attributes:
        entities: by entity, how many of its keys have events.
        events: by source, how many new events a day; its entities share them evenly.
        predictions: by service, view or whatever `features=` takes as a text: for how many rows a
            day its features are read.
        examples: by source, an event that stands for all, as `ingest` takes it. Values of usual
            sizes are assumed where there is none: 16 letters, 32 bytes.
        events_per_ingest: how many events a call of `ingest` brings.
        readers: how many processes serve.

    Raises:
        InputError: a number is none, or is negative.
    """

    entities: Mapping[str, float]
    events: Mapping[str, float]
    predictions: Mapping[str, float] = field(default_factory=dict)
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    events_per_ingest: float = 1
    readers: int = 1

    def __post_init__(self) -> None:
        """Check the numbers."""
        named = {
            **{f"entities of {name!r}": number for name, number in self.entities.items()},
            **{f"events of {name!r}": number for name, number in self.events.items()},
            **{f"predictions of {name!r}": number for name, number in self.predictions.items()},
        }
        least = {"events_per_ingest": self.events_per_ingest, "readers": self.readers}
        for what, number in {**named, **least}.items():
            is_number = isinstance(number, int | float) and not isinstance(number, bool)
            if not is_number or not 0 <= number < float("inf") or (what in least and number < 1):
                lowest = 1 if what in least else 0
                raise InputError(f"{what} is {shown(number)}; it is a number from {lowest}")

    def within(self, published: Published) -> Traffic:
        """Return the part of the traffic that these definitions have names for."""
        entities = {item.name for item in published.definitions.entities}
        sources = {item.name for item in published.definitions.sources}
        return replace(
            self,
            entities=_of(entities, self.entities),
            events=_of(sources, self.events),
            examples=_of(sources, self.examples),
            predictions={
                name: rows for name, rows in self.predictions.items() if _is_known(published, name)
            },
        )

    def example(self, source: Source) -> dict[str, Any]:
        """Return an event of a source, in physical values.

        Raises:
            InputError: the example does not fit the source.
        """
        given = self.examples.get(source.name, {})
        unknown = [name for name in given if name not in source.columns]
        if unknown:
            raise InputError(
                f"the example of source {source.name!r} has {shown(unknown[0])}, which is no column"
            )
        where = f"the example of source {source.name!r}, column "
        return {
            name: to_physical(given[name], type_, f"{where}{name!r}")
            if name in given
            else _usual(type_)
            for name, type_ in source.columns.items()
        }


def _of(names: set[str], given: Mapping[str, T]) -> dict[str, T]:
    return {name: value for name, value in given.items() if name in names}


def _is_known(published: Published, features: str) -> bool:
    try:
        resolve(published, features)
    except UnknownNameError:
        return False
    return True


def _usual(type_: ValueType) -> Any:
    match type_:
        case types.Bool:
            return False
        case types.Float64:
            return 12.5
        case types.String:
            return _TEXT
        case types.Bytes:
            return _BYTES
        case types.Array(element=element):
            return (_usual(element),) * 4
        case types.Vector(size=length):
            return (0.5,) * length
        case types.Map(key=key, value=kind):
            return {_usual(key): _usual(kind)}
        case _:
            return 1_000
