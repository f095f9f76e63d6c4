"""The examination: every check in turn; a check that could not be made becomes a finding.

Nothing here needs the training extra: its absence is one of the findings.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from skewless.aws import PARAMETER_PREFIX, Jobs
from skewless.definitions.names import versioned
from skewless.doctor import caller, data
from skewless.doctor.caller import GRANT
from skewless.doctor.diagnosis import Diagnosis, Finding, Severity, error, warning
from skewless.doctor.jobs import check_failed_queue, check_schedules, check_state_machine
from skewless.doctor.leftovers import check_leftovers
from skewless.doctor.patient import AbsentError, NotAllowedError, Patient, is_refusal
from skewless.doctor.sources import check_source
from skewless.doctor.views import check_retired, check_view
from skewless.errors import StoreError
from skewless.registry.snapshot import KEY as SNAPSHOT
from skewless.store_names import data_stack, jobs_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skewless.aws import Aws, Resources
    from skewless.registry.published import Published

    Check = Callable[[Patient], Iterator[Finding]]

Read = TypeVar("Read")
_ENGINES = ("athena", "duckdb")


def examine(aws: Aws, resources: Resources, load: Callable[[], Published], now: int) -> Diagnosis:
    """Examine all resources of a store.

    Args:
        aws: where it is.
        resources: their names.
        load: reads the registry.
        now: the store's clock, in microseconds.
    """
    findings: list[Finding] = []
    jobs = _read(lambda: Jobs.fetch(resources.store, aws), "jobs", findings)
    published = _read(load, "registry", findings)
    patient = Patient(aws, resources, jobs, published, now)
    for subject, fine, check in _checks(patient):
        findings += _run(patient, subject, fine, check)
    return Diagnosis(resources.store, tuple(findings))


def _checks(patient: Patient) -> Iterator[tuple[str, str, Check]]:
    names = patient.resources
    yield f"parameter {PARAMETER_PREFIX}{names.store}", "it names everything", _check_parameter
    yield (
        f"table {names.online_table}",
        "there, expires items, is protected and backed up",
        data.check_online_table,
    )
    yield (
        f"table {names.registry_table}",
        "there, is protected and backed up",
        data.check_registry_table,
    )
    yield (
        f"snapshot s3://{names.bucket}/{SNAPSHOT}",
        "it holds the last apply",
        data.check_snapshot,
    )
    yield f"bucket {names.bucket}", "there, private, encrypted, cleaned up", data.check_bucket
    yield f"workgroup {names.workgroup}", "there, with a scan limit", data.check_workgroup
    yield f"database {names.database}", "there", data.check_database
    yield f"leftovers {names.database}", "none of killed sessions", check_leftovers
    if patient.published is not None:
        for source in patient.published.definitions.sources:
            check: Check = partial(check_source, source=source)
            yield f"source {source.name}", "its log is as published", check
        for view in patient.published.definitions.views:
            plan, name = patient.published.plan(view), f"view {versioned(view.name, view.version)}"
            if patient.published.retired(view) is None:
                yield name, "cut as far as is due", partial(check_view, plan=plan)
            else:
                yield name, "its items are removed", partial(check_retired, plan=plan)
    yield from _checks_of_jobs(patient)
    yield "permissions", "all that administering takes", caller.check_permissions
    yield "clock", "within a second of AWS's", caller.check_clock
    yield "training extra", "installed", caller.check_training


def _checks_of_jobs(patient: Patient) -> Iterator[tuple[str, str, Check]]:
    jobs = patient.jobs
    if jobs is None:
        yield "jobs", "", _check_absent_jobs
        return
    yield f"schedules {jobs.schedule_group}", "as published", partial(check_schedules, jobs=jobs)
    machine = jobs.state_machine.rpartition(":")[2]
    queue = jobs.failed_queue.rpartition("/")[2]
    yield (
        f"state machine {machine}",
        "there, and nothing failed lately",
        partial(check_state_machine, jobs=jobs),
    )
    yield f"queue {queue}", "empty: no cut gave up", partial(check_failed_queue, jobs=jobs)


def _check_parameter(patient: Patient) -> Iterator[Finding]:
    names = patient.resources
    subject = f"parameter {PARAMETER_PREFIX}{names.store}"
    deploy = f"cdk deploy {data_stack(names.store)}"
    optional = {
        "optimizer_role": "Glue does not compact the log",
        "report_key": "reports of erasures are not signed",
    }
    for name, value in names.document().items():
        if value:
            continue
        if name in optional:
            yield warning(subject, f"it has no {name}: {optional[name]}", deploy)
        else:
            yield error(subject, f"it has no {name}", deploy)
    if names.engine not in _ENGINES:
        yield error(subject, f"engine is {names.engine!r}, not one of {_ENGINES}", deploy)


def _check_absent_jobs(patient: Patient) -> Iterator[Finding]:
    name = patient.resources.store
    yield warning(
        "jobs",
        f"there is no parameter {PARAMETER_PREFIX}{name}/jobs: nothing cuts views on time, and "
        "schedules were not looked at",
        f"cdk deploy {jobs_stack(name)}, or run skewless materialize --all yourself",
    )


def _read(read: Callable[[], Read], subject: str, findings: list[Finding]) -> Read | None:
    """Read what later checks need. If that fails, skip them; a finding says why."""
    try:
        return read()
    except StoreError as problem:
        findings.append(_failed(subject, problem))
        return None


def _run(patient: Patient, subject: str, fine: str, check: Check) -> list[Finding]:
    """Make a check; anything it could not examine becomes a finding."""
    findings: list[Finding] = []
    try:
        # Append one by one, so that findings before a refusal are kept.
        for found in check(patient):
            findings.append(found)  # noqa: PERF402
    except AbsentError:
        if not findings:
            findings.append(error(subject, "it is not there"))
    except NotAllowedError as problem:
        findings.append(warning(subject, str(problem), GRANT))
    except (StoreError, ClientError, BotoCoreError) as problem:
        findings.append(_failed(subject, problem))
    return findings or [Finding(Severity.OK, subject, fine)]


def _failed(subject: str, problem: Exception) -> Finding:
    """Distinguish a refusal, which a grant cures, from a failure of AWS or the store."""
    cause = problem if isinstance(problem, ClientError) else problem.__cause__
    if isinstance(cause, ClientError) and is_refusal(cause):
        return warning(subject, f"not allowed: {cause.operation_name}", GRANT)
    if isinstance(problem, StoreError):
        return error(subject, str(problem), "see the message")
    return warning(subject, f"it could not be looked at: {problem}", "run skewless doctor again")
