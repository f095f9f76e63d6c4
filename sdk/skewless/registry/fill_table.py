"""The fills of a plan as a table, for terminals and pages. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skewless.definitions.names import versioned
from skewless.registry.change import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from skewless.registry.change import Change
    from skewless.registry.fill import Fill

COLUMNS = ("First cut", ">Rows read", ">Log", ">Items", ">Each", ">Writes", ">Scan", ">Dollars")
REFILL = "--refill"  # is in notes that somebody has to answer
_STEP, _TWO_DIGITS, _EXACT = 1_000, 9.95, 100_000


def fill_rows(changes: Iterable[Change]) -> list[tuple[str, ...]]:
    """Return a row for each view that is filled, under `COLUMNS`."""
    return [
        (versioned(change.name, change.version), *_costs(fill))
        for change, fill in _fills(changes)
        if not fill.is_nothing
    ]


def fill_notes(changes: Iterable[Change]) -> Iterator[str]:
    """Say what is to be known of the fills; something is said wherever something changes."""
    made = [one for one in changes if one.action is not Action.UNCHANGED]
    if not made or any(one.action is Action.REFUSE for one in made):
        return
    fills = [*_fills(made)]
    views = [one for one in made if one.kind == "view" and one.action is Action.CREATE]
    if len(fills) < len(views):  # nobody looked: a trial, or a promotion
        return
    if all(fill.is_nothing for _, fill in fills):
        yield "Nothing is filled" + (": the logs are empty." if fills else ".")
        return
    if any(not fill.is_told for _, fill in fills if fill.items):
        yield (
            "≤: at most, as if each row were another entity's. --entities ENTITY=N says how many "
            "there are, and --measured counts them."
        )
    for change, fill in fills:
        called = versioned(change.name, change.version)
        if fill.beside and not fill.is_nothing:
            many = f"{fill.features} feature{'s' * (fill.features != 1)}"
            yield f"{called} fills its own {many} alone: {fill.beside} is not written."
        if fill.items is None:
            yield f"Nobody knows what filling {called} costs: {fill.why_unknown}."
        if fill.is_guarded:
            yield (
                f"{called} fills most features of {fill.again} a second time, and has to be "
                f"named: {REFILL} {called}."
            )


def short(number: float) -> str:
    """Return a number in few characters: `12,345`, `1.2 M`."""
    return f"{number:,.0f}" if number < _EXACT else _scaled(number, ("K", "M", "G", "T"))


def short_bytes(number: float) -> str:
    """Return a number of bytes in few characters: `345 B`, `1.2 MB`."""
    return f"{number:.0f} B" if number < _STEP else _scaled(number, ("KB", "MB", "GB", "TB"))


def _scaled(number: float, units: tuple[str, ...]) -> str:
    power = min(int(math.log10(number * 1.0005)) // 3, len(units))
    scaled = number / _STEP**power
    return f"{scaled:,.{1 if scaled < _TWO_DIGITS else 0}f} {units[power - 1]}"


def _fills(changes: Iterable[Change]) -> Iterator[tuple[Change, Fill]]:
    yield from ((change, change.fill) for change in changes if change.fill is not None)


def _costs(fill: Fill) -> tuple[str, ...]:
    most = "" if fill.is_told else "≤"
    return (
        _or_unknown(fill.log_rows, short),
        _or_unknown(fill.log_bytes, short_bytes),
        _or_unknown(fill.items, short, most),
        _or_unknown(fill.item_bytes, short_bytes),
        _or_unknown(fill.write_units, short, most),
        _or_unknown(fill.scanned_bytes, short_bytes),
        "?" if fill.dollars is None else f"{most}{fill.dollars:,.2f}",
    )


def _or_unknown(number: float | None, told: Callable[[float], str], most: str = "") -> str:
    return "?" if number is None else f"{most}{told(number)}"
