"""A query's life: QUEUED, RUNNING, then SUCCEEDED, FAILED or CANCELLED, on a few threads."""

from __future__ import annotations

import atexit
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

import duckdb

from localaws.core.athena import engine, results, statements
from localaws.core.athena.failure import reason_of
from localaws.core.athena.run import Outcome, Query, Run

if TYPE_CHECKING:
    from localaws.core.athena.aws import Aws
    from localaws.core.athena.results import TextResult

_QUERIES_AT_ONCE = 4
# "Athena needs access to the default database per Region": its guide calls that mandatory, and a
# query of another database fails without it in some accounts.
_DEFAULT_DATABASE = "default"
_INTERRUPT_SECONDS = 0.05
_DDL = ("ALTER", "CREATE", "DESCRIBE", "DROP", "MSCK", "SHOW")
_ATTEMPTS = 5
_FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


# Daemon threads: the threads of a pool would delay the end of the process.
_places = threading.BoundedSemaphore(_QUERIES_AT_ONCE)
_begun: set[Execution] = set()
_LAST_SECONDS = 10


@atexit.register  # the last to be registered is the first to run: the engine's comes after it
def _end_all() -> None:
    """Stop the queries that still run: DuckDB aborts a process that ends around its threads."""
    running = list(_begun)
    for execution in running:
        execution.cancel()
    for execution in running:
        execution.wait(_LAST_SECONDS)


class Execution:
    """One query execution; moto's backend keeps it among its `executions`."""

    def __init__(self, query: Query, context: dict[str, Any], workgroup: Any) -> None:
        self.id = query.id
        self.query = query.sql
        self.workgroup = workgroup
        self.status = "QUEUED"
        self.result: TextResult | None = None
        self.update_count = 0
        self.traceback: str | None = None
        """Where the engine stood when it failed, for whoever debugs the local Athena itself."""
        self._asked = query
        self._context = context
        self._output = f"{query.output}{query.id}.csv"
        self._manifest: str | None = None
        self._reason: str | None = None
        self._scanned_bytes = 0
        self._submitted_at = time.time()
        self._completed_at: float | None = None
        self._run: Run | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()

    @property
    def is_unfinished(self) -> bool:
        """Whether it waits for its turn, or runs."""
        return self.status not in _FINAL

    def submit(self, aws: Aws) -> None:
        """Let a thread run it."""
        _begun.add(self)
        threading.Thread(
            target=self._wait_and_execute, args=(aws,), name=f"athena-{self.id}", daemon=True
        ).start()

    def cancel(self) -> None:
        """Stop it, if it has not ended."""
        with self._lock:
            if not self.is_unfinished:
                return
            self._end("CANCELLED")
        threading.Thread(target=self._interrupt, daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Wait until its thread is done with it."""
        self._ended.wait(seconds)

    def describe(self) -> dict[str, Any]:
        """What GetQueryExecution says."""
        return {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": "DDL" if self.query.lstrip().upper().startswith(_DDL) else "DML",
            "ResultConfiguration": {"OutputLocation": self._output},
            "QueryExecutionContext": self._context,
            "Status": self._status(),
            "Statistics": self._statistics(),
            "WorkGroup": self.workgroup.name,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
            "ExecutionParameters": list(self._asked.parameters),
        }

    def _interrupt(self) -> None:
        # Repeated, because an interrupt between two statements has no effect on the next.
        while not self._ended.wait(_INTERRUPT_SECONDS):
            run = self._run
            if run is not None:
                run.connection.interrupt()

    def _wait_and_execute(self, aws: Aws) -> None:
        try:
            with _places:
                self._execute(aws)
        finally:
            self._ended.set()
            _begun.discard(self)

    def _execute(self, aws: Aws) -> None:
        with self._lock:
            if not self.is_unfinished:
                return
            self.status = "RUNNING"
        try:
            if aws.is_restricted:
                aws.look_up(_DEFAULT_DATABASE)
            self._run, outcome = self._evaluate(aws)
            self.result = results.store(self._run, outcome)
            self._output, self._manifest = outcome.output, outcome.manifest
            self.update_count = outcome.update_count or 0
            self._finish("SUCCEEDED")
        except Exception as error:  # noqa: BLE001 whatever goes wrong is the query's failure
            self.traceback = traceback.format_exc()
            self._finish("FAILED", reason_of(error))
        finally:
            run, self._run = self._run, None
            if run is not None:
                run.connection.close()

    def _evaluate(self, aws: Aws) -> tuple[Run, Outcome]:
        """Run it, and again if DuckDB failed an internal assertion, before anything was written.

        Joins of text columns do so now and then in DuckDB 2.0 (duckdb issue 24807), and all that
        shares the database fails with them.
        """
        for _ in range(_ATTEMPTS - 1):
            self._run = run = Run(self._asked, aws)
            try:
                return run, statements.execute(run)
            except (duckdb.InternalException, duckdb.FatalException):
                engine.renew()
        self._run = run = Run(self._asked, aws)
        return run, statements.execute(run)

    def _finish(self, status: str, reason: str | None = None) -> None:
        with self._lock:
            if self.is_unfinished:
                self._reason = reason
                self._end(status)

    def _end(self, status: str) -> None:
        if self._run is not None:
            self._scanned_bytes = self._run.catalog.scanned_bytes
        self._completed_at = time.time()
        self.status = status

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.status, "SubmissionDateTime": self._submitted_at}
        if self._completed_at is not None:
            status["CompletionDateTime"] = self._completed_at
        if self._reason is not None:
            status["StateChangeReason"] = self._reason
            status["AthenaError"] = {
                "ErrorCategory": 1 if self._reason.startswith("GENERIC_INTERNAL") else 2,
                "ErrorType": 1006,
                "Retryable": False,
                "ErrorMessage": self._reason,
            }
        return status

    def _statistics(self) -> dict[str, Any]:
        millis = int(((self._completed_at or time.time()) - self._submitted_at) * 1000)
        statistics: dict[str, Any] = {
            "EngineExecutionTimeInMillis": millis,
            "DataScannedInBytes": self._scanned_bytes,
            "TotalExecutionTimeInMillis": millis,
            "QueryQueueTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": 0,
        }
        if self._manifest is not None:
            statistics["DataManifestLocation"] = self._manifest
        return statistics
