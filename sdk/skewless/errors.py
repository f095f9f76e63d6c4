"""Every error that skewless raises on purpose.

```
SkewlessError
├── DefinitionError (ValueError)      what a user wrote down is wrong; lists every problem at once
├── CompileError (ValueError)         a definition cannot become a plan
├── UnknownNameError (KeyError)       no such view, feature, source or service
├── PublishError (ValueError)         apply would change what a published version means
├── InputError (ValueError)           a frame, row or argument does not fit
│   ├── NaiveTimestampError           a timestamp without a time zone
│   └── DocumentError (StoreError)    a lock, or a registry's document, is not what was written
├── ValueOverflowError (OverflowError) an exact integer left its range
├── FunctionError (ValueError)        an on-demand view's function failed on a row
├── NotDueError (ValueError)          the cut to materialize lies in the future
├── RewriteError (ValueError)         a backfill would rewrite history that was served
├── RepeatedLoadError (ValueError)    a backfill's rows are in the log already
├── RebuildError (ValueError)         a training set cannot be made again as it was
├── ItemTooLargeError (ValueError)    an online item would pass DynamoDB's limit
├── RefusedRowsError (ValueError)     a cut's export has lines that are not the view's
├── StoreError (RuntimeError)         a store is missing, or an AWS call failed
│   ├── ErasedSnapshotError           an erasure expired the log's snapshot that is asked for
│   ├── RedriveError                  messages stay in the queue of failed cuts
│   ├── QueryError                    Athena or DuckDB refused or failed a query
│   ├── OnlineStoreError              DynamoDB did not answer in time
│   └── ClockError                    this machine's clock is too far from AWS's
└── ParityError (AssertionError)      history and serving disagree
```

A message says what is wrong, where, with which value, and what would be right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SHOWN = 80


class SkewlessError(Exception):
    """The root of all errors of this package. All of them can be pickled, as process pools need."""

    def __reduce__(self) -> tuple[Any, ...]:
        # By default unpickling calls the class with the message alone; most of these take more.
        return _error_again, (type(self), self.args, self.__dict__)


class DefinitionError(SkewlessError, ValueError):
    """A definition is wrong.

    Attributes:
        subject: what was being defined, for example ``FeatureView 'carrier_delays'``.
        problems: one sentence for each thing that is wrong with it.
    """

    def __init__(self, subject: str, problems: Iterable[str]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            text = f"{subject}: {self.problems[0]}"
        else:
            lines = "".join(f"\n  - {problem}" for problem in self.problems)
            text = f"{subject} has {len(self.problems)} problems:{lines}"
        super().__init__(text)


class CompileError(SkewlessError, ValueError):
    """A definition cannot become a plan."""


class UnknownNameError(SkewlessError, KeyError):
    """Nothing has this name.

    Attributes:
        name: what was asked for.
        known: what there is.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, owner: str = "") -> None:
        self.name = name
        self.known = tuple(sorted(known))
        lack = f"{owner} has no" if owner else "there is no"
        self.message = f"{lack} {kind} {name!r}.{did_you_mean(name, self.known)}"
        super().__init__(self.message)

    def __str__(self) -> str:
        # KeyError prints the repr of its argument, which reads badly as a sentence.
        return self.message


class PublishError(SkewlessError, ValueError):
    """Publishing would change what an already published version means."""


class InputError(SkewlessError, ValueError):
    """A frame, a row or an argument does not fit what it is used for."""


class NaiveTimestampError(InputError):
    """A timestamp has no time zone, so it names no instant."""

    @classmethod
    def of(cls, where: str) -> NaiveTimestampError:
        """Write the message for the column or argument `where`."""
        return cls(
            f"{where} is a naive timestamp: it names no instant. Say which zone it is in, for "
            "example frame[column].dt.tz_localize('UTC') in pandas, "
            "pl.col(column).dt.replace_time_zone('UTC') in polars, or "
            "value.replace(tzinfo=datetime.UTC) for a single datetime."
        )


class ValueOverflowError(SkewlessError, OverflowError):
    """An exact integer left the range it must stay in; it is never wrapped."""


class FunctionError(SkewlessError, ValueError):
    """The function of an on-demand view failed on a row, or returned what its types do not hold."""


class NotDueError(SkewlessError, ValueError):
    """The cut lies in the future of the store's clock."""


class RewriteError(SkewlessError, ValueError):
    """A backfill would rewrite history that has been served already."""


class RepeatedLoadError(SkewlessError, ValueError):
    """A backfill's rows are in the log already, and would count twice."""

    @classmethod
    def of(cls, log: str) -> RepeatedLoadError:
        """Write the message for the log of a name."""
        return cls(
            f"all rows of this load are in the log of {log!r} already, and would count twice. "
            "Nothing was written. If they happened twice, say again=True; if rows of one load "
            "may come again in others, give the source an event_id"
        )


class RefusedRowsError(SkewlessError, ValueError):
    """A cut's export has lines that do not belong to the view. The cut is not committed."""


class RefusedRowsWarning(UserWarning):
    """Rows of a frame do not fit their source, and count nowhere; `compute` warns of them."""


class RebuildError(SkewlessError, ValueError):
    """A training set cannot be made again as it was, or came out differently."""


class ItemTooLargeError(SkewlessError, ValueError):
    """An online item would be larger than DynamoDB accepts.

    Attributes:
        reason: why, in words that name no entity.
    """

    def __init__(self, where: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{where}: {reason}")


class StoreError(SkewlessError, RuntimeError):
    """A store is not there, or an AWS call failed."""


class DocumentError(InputError, StoreError):
    """A lock file, or a document of the registry, is not what skewless wrote.

    It is both kinds of error, since a lock is a user's file and a registry is the store's.
    """


class ErasedSnapshotError(StoreError):
    """The log's snapshot that a training set names is gone, since it held erased rows.

    Attributes:
        table: the log's.
        snapshot: the one asked for.
        erasure: the erasure that expired it, as its report is named.
    """

    def __init__(self, table: str, snapshot: int, erasure: str) -> None:
        self.table = table
        self.snapshot = snapshot
        self.erasure = erasure
        super().__init__(
            f"snapshot {snapshot} of the log {table!r} was expired by the erasure {erasure}: it "
            "held rows that had to be forgotten, so that what was made of it cannot be made again. "
            "Leave snapshots= out to make the set of the log as it is now"
        )


class Started(Protocol):
    """An execution that was started, as `jobs.executions.Execution`."""

    @property
    def view(self) -> str:
        """The view that it cuts: `name@version`."""
        ...

    @property
    def arn(self) -> str:
        """The execution's."""
        ...


class RedriveError(StoreError):
    """Messages stay in the queue of failed cuts. What could be started was.

    Attributes:
        started: the executions that were started.
        left: why a message stays, by its id.
    """

    def __init__(self, queue: str, started: Sequence[Started], left: Mapping[str, str]) -> None:
        self.started = tuple(started)
        self.left = dict(left)
        lines = "".join(f"\n  - message {message}: {why}" for message, why in left.items())
        begun = ", ".join(item.view for item in started) or "no view"
        super().__init__(
            f"{len(left)} messages stay in the queue {queue}; {begun} was started. Mend the cause "
            "and redrive again, or delete what nobody can read, with "
            f"`aws sqs receive-message` and `aws sqs delete-message`:{lines}"
        )


class QueryError(StoreError):
    """A query was refused or failed.

    Attributes:
        query_id: Athena's id of the execution, empty for DuckDB.
        reason: the engine's own words.
    """

    def __init__(self, engine: str, reason: str, query_id: str = "") -> None:
        self.query_id = query_id
        self.reason = reason
        suffix = f" (query {query_id})" if query_id else ""
        super().__init__(f"{engine} failed{suffix}: {reason}")


class OnlineStoreError(StoreError):
    """DynamoDB did not answer, or kept refusing, within the deadline."""


class ClockError(StoreError):
    """This machine's clock is further from AWS's than what is served can bear."""


class ParityError(SkewlessError, AssertionError):
    """A served value differs from the value by history."""


def _error_again(
    kind: type[SkewlessError], arguments: tuple[Any, ...], state: dict[str, Any]
) -> SkewlessError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


def shown(value: object) -> str:
    """Return a value as a message shows it: as it is written if that is short, else its type."""
    text = repr(value)
    if len(text) <= _SHOWN and "\n" not in text:
        return text
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the near misses, or all names when few, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - 20 ms that only an error needs

    names = list(known)
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return f" Did you mean {' or '.join(repr(match) for match in close)}?"
    if not names:
        return ""
    shown = ", ".join(names[:12])
    return f" Known: {shown}{', …' if len(names) > 12 else ''}."  # noqa: PLR2004
