"""A plan as people read it: an overview, what differs, what is filled and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.registry.change import Action
from skewless.registry.fill_table import COLUMNS, REFILL, fill_notes, fill_rows

if TYPE_CHECKING:
    from skewless.cli.screen import Screen
    from skewless.registry.change import Change
    from skewless.registry.differences import FieldChange
    from skewless.registry.plan import Plan

STYLES = {Action.CREATE: "green", Action.REFUSE: "bold red"}
_WIDE = 72  # a longer difference takes a line for each of its sides
_COSTS = ("item_bytes_at_most", "read_units_at_most", "write_units_at_most")


def print_plan(screen: Screen, found: Plan) -> None:
    """Print a plan."""
    changes = found.changed
    if changes:
        _print_overview(screen, changes)
    for change in found.changes:
        # What stays as it is has something to be told of if it is retired.
        if change.action is not Action.UNCHANGED or change.warnings:
            _print_change(screen, change)
    if found.marked:
        screen.say()
        screen.say("Read, and not to be used for anything new", style="yellow")
        for marked in found.marked:
            screen.indented(str(marked))
    _print_end(screen, found)


def _print_overview(screen: Screen, changes: tuple[Change, ...]) -> None:
    has_costs = any(_costs(change) for change in changes)
    costs = (">Largest item", ">Reads", ">Writes") if has_costs else ()
    screen.table(
        ("Action", "Kind", "Name", "Needs", *costs),
        [(*_row(change), *(_costs(change) if costs else ())) for change in changes],
    )
    if has_costs:
        screen.say()
        screen.indented(
            "Largest item: bytes that an entity needs online if it is busy in every tile. Reads "
            "and Writes: DynamoDB units to get or put such an item once.",
            style="dim",
            by=0,
        )


def _row(change: Change) -> tuple[str, ...]:
    kind = change.kind.replace("_", "-").removesuffix("-view")
    return (change.action.value, kind, change.called, change.needs_written)


def _costs(change: Change) -> list[str]:
    if change.action is not Action.CREATE or not change.estimate:
        return []
    costs = [change.estimate.get(key, "") for key in _COSTS]
    return [f"{cost:,}" if isinstance(cost, int | float) else "" for cost in costs]


def _print_change(screen: Screen, change: Change) -> None:
    creates = change.action is Action.CREATE
    spans = change.windows if creates else ()
    since = change.differences if creates and change.compared_with else ()
    if not (change.told or spans or change.every_warning or change.dependents):
        return
    screen.say()
    screen.say(str(change.identity), style=STYLES.get(change.action, ""))
    if since and change.compared_with:
        screen.indented(f"differs from version {change.compared_with.version}:")
        for one in since:
            _print_difference(screen, one, by=8)
    told = {str(one): one for one in change.differences}
    for text in change.details if creates else change.told:
        if text in told:
            _print_difference(screen, told[text])
        else:
            screen.indented(text)
    for text in spans:
        screen.indented(text)
    if change.dependents:
        screen.indented(change.on_it)
    for text in change.every_warning:
        screen.indented(f"warning: {text}", style="yellow")


def _print_difference(screen: Screen, one: FieldChange, by: int = 4) -> None:
    if len(str(one)) <= _WIDE or one.before is None or one.after is None or one.said:
        screen.indented(str(one), by=by)
        return
    screen.indented(f"{one.what}:", by=by)
    screen.indented(f"- {one.before}", style="red", by=by + 4)
    screen.indented(f"+ {one.after}", style="green", by=by + 4)


def _print_fills(screen: Screen, found: Plan) -> None:
    rows, notes = fill_rows(found.changes), [*fill_notes(found.changes)]
    if rows:
        screen.say()
        screen.table(COLUMNS, rows)
    if notes:
        screen.say()
    for note in notes:
        screen.say(note, style="yellow" if REFILL in note else "dim")


def _print_end(screen: Screen, found: Plan) -> None:
    _print_fills(screen, found)
    if found.month is not None:
        screen.say()
        screen.say(f"{str(found.month).capitalize()}.")
    if found.has_changes:
        screen.say()
    screen.say(f"Plan: {found.summary}.", style="bold")
