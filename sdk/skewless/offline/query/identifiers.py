"""Identifiers for users' names in SQL, made in this one place. Pure.

A statement holds two kinds of names: ours (`entity`, `happened`, `spine`) and users' (of columns,
keys, features, views and so on). Here a user's name gets its role in front, `column__amount`, so
that no two of them can meet:

- No name of ours holds `__`. Every name made here does, and its role comes first. So the two kinds
  differ, and so do two roles.
- Within a role, definitions refuse two names that differ by case only. So two names of one role
  also differ in lower case, in which Glue and Athena keep them. In a name made of two, the first
  is an object's. It begins with a letter and holds no `__`, so it is clear where the second begins.

A user's own name is read exactly once: where a log, or a table of the user, is scanned (`Log`, and
`DuckDbSession`). Labels are renamed in Python before an engine sees them (`labels`), and features
get the names of the output in Python after it (`training`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skewless.compiler.plan import RolePlan
    from skewless.definitions.entity import Entity
    from skewless.definitions.service import AnyView
    from skewless.definitions.source import Source


def column(name: str) -> str:
    """Name a column of a source, in every step after the scan."""
    return _named("column", name)


def given(name: str) -> str:
    """Name a key or request field, of which a row of labels has each once."""
    return _named("given", name)


def number(entity: Entity) -> str:
    """Name the column of the spine that numbers an entity's keys."""
    return _named("entity", entity.name)


def number_of(role: RolePlan) -> str:
    """Name the column that numbers the keys that a row has in a role."""
    own = number(role.plan.view.entity)
    return own if role.read is role.plan.view else f"{own}__{role.read.name}"


def feature(name: str) -> str:
    """Name a feature in the steps of its own view."""
    return _named("feature", name)


def selected(view: AnyView, feature_: str) -> str:
    """Name a feature in the steps that join all views."""
    # `feature`, not a number, follows the version: a view may be called `a_v1_`, a feature `v2__x`.
    return f"{steps_of(view)}__{feature(feature_)}"


def there(view: AnyView) -> str:
    """Name whether a view knows a row's entity."""
    return _named("there", _versioned(view))


def overflow(name: str) -> str:
    """Name, in the steps of a view, the column that says whether a feature overflows."""
    return _named("overflow", name)


def failure(name: str) -> str:
    """Name, in the steps of a view, the column that says whether one of a map's values overflows.

    Of a map, `overflow` says that it is null; too many keys are another reason.
    """
    return _named("failure", name)


def selected_failure(view: AnyView, feature_: str) -> str:
    """Name the same column in the steps that join all views."""
    return _named("failure", selected(view, feature_))


def selected_overflow(view: AnyView, feature_: str) -> str:
    """Name the same column in the steps that join all views."""
    return _named("overflow", selected(view, feature_))


def steps_of(view: AnyView) -> str:
    """Name the prefix of a view's steps; `_` and a word of ours follow."""
    return _named("view", _versioned(view))


def _versioned(view: AnyView) -> str:
    return f"{view.name}_v{str(view.version).replace('.', '_')}"


def rows_of(source: Source) -> str:
    """Name the table of a source's rows."""
    return _named("source", source.name)


def rows_of_entity(source: Source, entity: Entity) -> str:
    """Name the prefix of steps that read a source for an entity; `__` and a word follow."""
    return _named(rows_of(source), entity.name)


def _named(role: str, name: str) -> str:
    return f"{role}__{name.lower()}"
