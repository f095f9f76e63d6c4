"""A query in steps, and which of them an engine stores or computes in its own way. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skewless.offline.query.step_texts import StepTexts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlglot import exp

    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Steps
    from skewless.offline.query.windowed import Windowed


@dataclass(frozen=True, slots=True)
class Script:
    """A query in steps.

    Attributes:
        final: the query at the end of the steps.
        checkpoints: steps worth storing. An engine plans them better one by one, and computes a
            step that is read several times only once.
        windowed: the checkpoints that an engine may compute without their queries, and what they
            ask.
        ranked: the checkpoints that are only to break ties: the step that they take rows from, and
            the step of which each row has one row at least there. If the two have as many rows,
            there is nothing to break, and the first is the checkpoint as well.
    """

    steps: Steps
    final: exp.Query
    checkpoints: tuple[str, ...] = ()
    windowed: Mapping[str, Windowed] = field(default_factory=dict)
    ranked: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    _texts: dict[Dialect, StepTexts] = field(default_factory=dict, init=False, compare=False)

    def texts(self, dialect: Dialect) -> StepTexts:
        """Return the statements as text; the steps' trees are used up."""
        if dialect not in self._texts:
            self._texts[dialect] = StepTexts(self.steps, self.final, dialect)
        return self._texts[dialect]

    def parts(self) -> dict[str, exp.Query]:
        """Return the steps that are read, in order, to look at and not to change."""
        return self.steps.read_by(self.final)

    def query(self) -> exp.Query:
        """Return all of it as one query."""
        return self.steps.finish(self.final)

    def stages(self) -> Iterator[tuple[str, exp.Query]]:
        """Yield each checkpoint's name and query, which reads the checkpoints before as tables."""
        done: list[str] = []
        for checkpoint in self.checkpoints:
            yield checkpoint, self.steps.upto(checkpoint, without=done)
            done.append(checkpoint)

    def last(self) -> exp.Query:
        """Return the query that remains after the stages."""
        return self.steps.finish(self.final, without=self.checkpoints)
