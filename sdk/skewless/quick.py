"""`dataclass`, of which the frozen ones with slots are made in a third of the time.

The library compiles the text of each method of a class by itself when the class is made. The
sixty classes of a process that serves took a third of its import that way. Here the methods that
have to be quick are compiled together, and the others are the same for all classes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, FrozenInstanceError
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from dataclasses import Field
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - others import it from here
else:

    def dataclass(**options):  # noqa: ANN003, ANN201 - typed as the library's
        """Decorate a class, as the library's decorator of the same name does."""
        if options.get("frozen") and options.get("slots") and options.keys() <= _KNOWN:
            return lambda cls: _made(cls, **options)
        return dataclasses.dataclass(**options)


_KNOWN = {"frozen", "slots", "kw_only", "init", "repr"}


def _made(
    given: type[Any],
    *,
    frozen: bool,  # noqa: ARG001 - it is
    slots: bool,  # noqa: ARG001 - it has them
    kw_only: bool = False,
    init: bool = True,
    repr: bool = True,  # noqa: A002 - as the library calls it
) -> type[Any]:
    made: Any = dataclasses.dataclass(
        init=False, repr=False, eq=False, slots=True, kw_only=kw_only
    )(given)
    made.__dataclass_params__.frozen = True
    fields, own = dataclasses.fields(made), vars(made)
    names: dict[str, Any] = {"_set": object.__setattr__, "_missing": MISSING}
    texts = {}
    if init and "__init__" not in own:
        texts["__init__"] = _init(fields, names, has_more=hasattr(made, "__post_init__"))
    if "__eq__" not in own:
        texts["__eq__"] = _eq([each.name for each in fields if each.compare])
    if own.get("__hash__") is None:
        hashed = [each for each in fields if (each.compare if each.hash is None else each.hash)]
        texts["__hash__"] = _hash([each.name for each in hashed])
    exec("\n".join(texts.values()), names)  # noqa: S102 - the names of fields, and nothing else
    for name in texts:
        names[name].__qualname__ = f"{made.__qualname__}.{name}"
        names[name].__module__ = made.__module__
        setattr(made, name, names[name])
    if repr and "__repr__" not in own:
        made.__repr__ = _repr([each.name for each in fields if each.repr])
    made.__setattr__, made.__delattr__ = _setattr, _delattr
    if "__getstate__" not in own:
        made.__getstate__, made.__setstate__ = _states([each.name for each in fields])
    return made  # type: ignore[no-any-return]


def _init(fields: Sequence[Field[Any]], names: dict[str, Any], *, has_more: bool) -> str:
    """Return the text of `__init__`, which takes the arguments that the library's takes."""
    arguments: dict[bool, list[str]] = {False: [], True: []}
    body = []
    for field in fields:
        default, value = _argument(field, names)
        if field.init:
            arguments[bool(field.kw_only)].append(f"{field.name}{default}")
        if value:
            body.append(f" _set(self, {field.name!r}, {value})")
    if has_more:
        body.append(" self.__post_init__()")
    named = ["*", *arguments[True]] if arguments[True] else []
    header = f"def __init__({', '.join(['self', *arguments[False], *named])}):"
    return "\n".join([header, *body, " return None"])


def _eq(names: Sequence[str]) -> str:
    mine, others = (_tuple(item, names) for item in ("self", "other"))
    return (
        "def __eq__(self, other):\n"
        " if other.__class__ is not self.__class__:\n"
        "  return NotImplemented\n"
        f" return {mine} == {others}"
    )


def _hash(names: Sequence[str]) -> str:
    return f"def __hash__(self):\n return hash({_tuple('self', names)})"


def _tuple(item: str, names: Sequence[str]) -> str:
    return f"({''.join([f'{item}.{name}, ' for name in names])})"


def _argument(field: Field[Any], names: dict[str, Any]) -> tuple[str, str]:
    """Return the text of a field's default, and that of its value; what they name is added."""
    name = field.name
    if field.default_factory is not MISSING:
        names[f"_make_{name}"] = field.default_factory
        new = f"_make_{name}()"
        return "=_missing", f"{new} if {name} is _missing else {name}" if field.init else new
    if field.default is not MISSING:
        names[f"_default_{name}"] = field.default
        return f"=_default_{name}", name if field.init else f"_default_{name}"
    return "", name if field.init else ""


def _repr(names: Sequence[str]) -> Callable[[Any], str]:
    @recursive_repr()
    def __repr__(self: Any) -> str:  # noqa: N807 - its name in tracebacks
        told = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{self.__class__.__qualname__}({told})"

    return __repr__


def _states(names: Sequence[str]) -> tuple[Callable[[Any], list[Any]], Callable[[Any, Any], None]]:
    def __getstate__(self: Any) -> list[Any]:  # noqa: N807 - its name in tracebacks
        return [getattr(self, name) for name in names]

    def __setstate__(self: Any, state: Sequence[Any]) -> None:  # noqa: N807 - as above
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return __getstate__, __setstate__


def _setattr(_: Any, name: str, __: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
