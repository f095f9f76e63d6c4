"""Choose the steps of a query that become tables, if an engine computes steps at every read. Pure.

Athena replaces each name of a WITH step by the step itself. A step that is read five times reads
the log five times, and is paid for five times. A query of some 60 reads has more than 150 stages
and is refused. A statement of more than 262,144 bytes is refused as well, and only storing steps as
tables shortens it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.script import Script

# Reads of one statement: Trino makes up to three and a half stages for each read.
READS_OF_A_STATEMENT = 30
STATEMENT_BYTES = 262_144
# The statement around a query: CREATE TABLE or UNLOAD, a table or a location, and options.
AROUND_A_STATEMENT = 2_048
_STORED_NAME = 160  # a stored step's name is longer than a step's: `"database"."skewless_step_…"`
_FINAL = ""


def stored_steps(
    script: Script, small: exp.Table, dialect: Dialect, longest: int = STATEMENT_BYTES
) -> tuple[str, ...]:
    """Return the steps to store, so that each log is read once and no statement is too long.

    A single step may stay too long: then the caller has to refuse it.

    Args:
        script: the query in steps; its checkpoints are not looked at.
        small: the table of labels: reading it again costs nothing.
        dialect: how the statements are going to be written.
        longest: bytes of a statement.
    """
    stages = _Stages(script, small, dialect, longest - AROUND_A_STATEMENT)
    stored: set[str] = set(stages.steps_that_reread_a_log())
    while (name := stages.next_to_store(stored)) is not None:
        stored.add(name)
    return tuple(name for name in stages.reads if name in stored)


class _Stages:
    """The steps that each step reads, in order; the last is the query itself."""

    def __init__(self, script: Script, small: exp.Table, dialect: Dialect, longest: int) -> None:
        parts = {**script.parts(), _FINAL: script.final}
        self.small = small
        self.longest = longest
        self.bytes = {name: len(dialect.render(part).encode()) for name, part in parts.items()}
        self.reads: dict[str, list[exp.Table]] = {
            name: list(part.find_all(exp.Table)) for name, part in parts.items()
        }
        every = (table.name for tables in self.reads.values() for table in self._steps(tables))
        self.readers: Mapping[str, int] = Counter(every)

    def steps_that_reread_a_log(self) -> Iterator[str]:
        """Yield the steps that hold rows of a log and are read more than once."""
        holding: set[str] = set()
        for name, tables in self.reads.items():
            if any(self._is_log(table) or table.name in holding for table in tables):
                if self.readers.get(name, 0) > 1:
                    yield name
                else:
                    holding.add(name)

    def next_to_store(self, stored: set[str]) -> str | None:
        """Return the step whose storing shortens a statement most; None if all are short enough."""
        return self._with_fewer_reads(stored) or self._with_fewer_bytes(stored)

    def _with_fewer_reads(self, stored: set[str]) -> str | None:
        costs = self._costs(stored)
        for statement in self._statements(stored):
            if costs[statement] <= READS_OF_A_STATEMENT:
                continue
            parts = self._parts(statement, stored)
            parts = Counter({name: n for name, n in parts.items() if costs[name] > 1})
            short = [name for name in parts if costs[name] <= READS_OF_A_STATEMENT]
            if short:
                return max(short, key=lambda name: parts[name] * (costs[name] - 1))
        return None

    def _with_fewer_bytes(self, stored: set[str]) -> str | None:
        for statement in self._statements(stored):
            size = self._size(statement, stored)
            if size <= self.longest:
                continue
            left = {
                name: self._size(statement, stored | {name})
                for name in self._parts(statement, stored)
                if self._size(name, stored) <= self.longest
            }
            shortest = min(left, key=lambda name: left[name], default=None)
            if shortest is not None and left[shortest] < size:
                return shortest
        return None

    def _statements(self, stored: set[str]) -> Iterator[str]:
        return (name for name in self.reads if name in stored or name == _FINAL)

    def _size(self, name: str, stored: set[str]) -> int:
        """Count the bytes of a step's statement, in which each step that it reads is once."""
        held = [name, *self._parts(name, stored)]
        known = sum(table.name in stored for one in held for table in self._steps(self.reads[one]))
        return sum(self.bytes[one] for one in held) + known * _STORED_NAME

    def _costs(self, stored: set[str]) -> dict[str, int]:
        """Count the tables that computing each step reads."""
        found: dict[str, int] = {}
        for name, tables in self.reads.items():
            found[name] = sum(
                1 if table.db or table.name in stored else found[table.name] for table in tables
            )
        return found

    def _parts(self, name: str, stored: set[str]) -> Counter[str]:
        """Count how often each step that is not stored is computed for one."""
        found: Counter[str] = Counter()
        for table in self._steps(self.reads[name]):
            if table.name not in stored:
                found[table.name] += 1
                found.update(self._parts(table.name, stored))
        return found

    def _steps(self, tables: list[exp.Table]) -> Iterator[exp.Table]:
        return (table for table in tables if not table.db)

    def _is_log(self, table: exp.Table) -> bool:
        return bool(table.db) and table.name != self.small.name
