"""A query in steps as text, for an engine that reads parts of it one after the other. Pure.

A step is written once, and its text stands in every statement that reads it. To copy and write the
trees anew for each statement took a quarter of the time of a training set of many features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.offline.query import sql

if TYPE_CHECKING:
    from collections.abc import Container

    from skewless.offline.query.dialect import Dialect

_FINAL = ""


class StepTexts:
    """The statements of a query in one dialect, whose constructs its trees may get."""

    def __init__(self, steps: sql.Steps, final: exp.Query, dialect: Dialect) -> None:
        self._steps = steps
        self._final = final
        self._dialect = dialect
        self._texts: dict[str, str] = {}
        self._reads: dict[str, frozenset[str]] = {}

    def upto(self, name: str, *, without: Container[str] = ()) -> str:
        """Return a step's statement, with the steps that it reads but those stored as tables."""
        read = self._read_by(name, without)
        clauses = [self._clause(step) for step in self._steps.names if step in read]
        start = f"WITH {', '.join(clauses)}\n" if clauses else ""
        return start + self._text(name)

    def final(self, *, without: Container[str] = ()) -> str:
        """Return the statement at the end, with the steps that it reads, as `upto` does."""
        return self.upto(_FINAL, without=without)

    def _clause(self, name: str) -> str:
        kept = "NOT MATERIALIZED " if self._steps.is_cheap(name) else ""
        return f"{self._quoted(name)} AS {kept}(\n{self._text(name)}\n)"

    def _quoted(self, name: str) -> str:
        return self._dialect.render(sql.name(name))

    def _text(self, name: str) -> str:
        if name not in self._texts:
            query = self._query(name)
            self._texts[name] = self._dialect.render(query, pretty=True, copy=False)
        return self._texts[name]

    def _query(self, name: str) -> exp.Query:
        return self._final if name == _FINAL else self._steps[name]

    def _read_by(self, name: str, without: Container[str]) -> set[str]:
        found: set[str] = set()
        unread = [name]
        while unread:
            for step in self._direct(unread.pop()):
                if step not in without and step not in found:
                    found.add(step)
                    unread.append(step)
        return found

    def _direct(self, name: str) -> frozenset[str]:
        if name not in self._reads:
            # A column holds no table, and most of a tree is columns.
            nodes = self._query(name).walk(prune=lambda node: isinstance(node, exp.Column))
            tables = (node for node in nodes if isinstance(node, exp.Table) and not node.db)
            self._reads[name] = frozenset({table.name for table in tables} & {*self._steps.names})
        return self._reads[name]
