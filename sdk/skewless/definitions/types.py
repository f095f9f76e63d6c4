"""Value types: what a column, a key or a feature may hold. Pure data; no engine is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from skewless.errors import shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DECIMAL_PRECISION = 18  # an unscaled value then fits in a signed 64-bit integer


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parameters; there is one object of each, such as `Bool` and `Int64`."""

    name: str

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Decimal:
    """An exact decimal number with `precision` digits, `scale` of them after the point."""

    precision: int
    scale: int = 0

    def __str__(self) -> str:
        return f"Decimal({self.precision}, {self.scale})"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Array:
    """A list of scalars or Decimals; no element is null."""

    element: Scalar | Decimal

    def __str__(self) -> str:
        return f"Array({self.element})"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Vector:
    """A list of exactly `size` Float64, none of them null: an embedding."""

    size: int

    def __str__(self) -> str:
        return f"Vector({self.size})"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Map:
    """A value for each of some keys; no key and no value is null."""

    key: Scalar | Decimal
    value: ValueType

    def __str__(self) -> str:
        return f"Map({self.key}, {self.value})"

    __repr__ = __str__


ValueType: TypeAlias = Scalar | Decimal | Array | Vector | Map

Bool = Scalar("Bool")
Int64 = Scalar("Int64")
Float64 = Scalar("Float64")
String = Scalar("String")
Timestamp = Scalar("Timestamp")
Date = Scalar("Date")  # a day of the calendar, without a zone
Bytes = Scalar("Bytes")

SCALARS = {scalar.name: scalar for scalar in (Bool, Int64, Float64, String, Timestamp, Date, Bytes)}
KEY_TYPES: tuple[ValueType, ...] = (String, Int64, Bool, Timestamp, Date, Bytes)


def parsed(text: str) -> ValueType:
    """Read a type as it prints: `Float64`, `Decimal(10, 2)`, `Array(String)`, `Vector(8)`."""
    if text in SCALARS:
        return SCALARS[text]
    name, _, inside = text.removesuffix(")").partition("(")
    match name:
        case "Decimal":
            precision, _, scale = inside.partition(",")
            return Decimal(int(precision), int(scale))
        case "Array":
            return Array(_single(inside))
        case "Map":
            key, _, value = inside.partition(", ")
            return Map(_single(key), _single(value))
        case _:
            return Vector(int(inside))


def _single(text: str) -> Scalar | Decimal:
    found = parsed(text)
    if not isinstance(found, Scalar | Decimal):
        raise ValueError(f"{text} cannot be in another type")  # noqa: TRY004 - of a document
    return found


def is_numeric(type_: ValueType) -> bool:
    """Say whether sums and arithmetic are defined on the type."""
    return type_ in (Int64, Float64) or isinstance(type_, Decimal)


def is_wide(type_: ValueType) -> bool:
    """Say whether a value, or one in it, may need more than 64 bits: a sum of Decimals."""
    match type_:
        case Decimal(precision=precision):
            return precision > MAX_DECIMAL_PRECISION
        case Array(element=element):
            return is_wide(element)
        case Map(value=value):
            return is_wide(value)
        case _:
            return False


def is_ordered(type_: ValueType) -> bool:
    """Say whether `min`, `max` and `<` are defined on the type."""
    return isinstance(type_, Scalar | Decimal)


def is_whole(value: object) -> bool:
    """Say whether a value is an int. bool is an int too: it is excluded."""
    return isinstance(value, int) and not isinstance(value, bool)


def _map_problems(type_: Map, key: object, value: object) -> Iterator[str]:
    # Compare classes first: `==` on an expression builds another expression.
    if not isinstance(key, Scalar) or key not in KEY_TYPES:
        yield f"{type_}: keys are one of {', '.join(map(str, KEY_TYPES))}"
    if isinstance(value, Scalar | Decimal):
        yield from type_problems(value)
    else:
        yield f"{type_}: values must be scalars or Decimals"


def type_problems(type_: object) -> list[str]:
    """List what is wrong with a type as a user wrote it."""
    match type_:
        case Scalar() if type_ in SCALARS.values():
            return []
        case Decimal(precision=precision, scale=scale):
            if not is_whole(precision) or not 1 <= precision <= MAX_DECIMAL_PRECISION:
                return [f"{type_}: the precision must be 1 to {MAX_DECIMAL_PRECISION}"]
            fits = is_whole(scale) and 0 <= scale <= precision
            return [] if fits else [f"{type_}: the scale must be 0 to precision"]
        case Array(element=element):
            if isinstance(element, Scalar | Decimal):
                return type_problems(element)
            return [f"{type_}: elements must be scalars or Decimals"]
        case Map(key=key, value=value):
            return list(_map_problems(type_, key, value))
        case Vector(size=size):
            fits = is_whole(size) and size >= 1
            return [] if fits else [f"{type_}: the size must be at least 1"]
        case _:
            text = (
                f"{shown(type_)} is not a type; use Bool, Int64, Float64, Decimal(p, s), String, "
                "Timestamp, Date, Bytes, Array(T), Map(K, V) or Vector(n) of skewless.types"
            )
            return [text]
