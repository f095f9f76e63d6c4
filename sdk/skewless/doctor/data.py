"""The resources that hold data: two tables, bucket, workgroup and Glue database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.doctor.diagnosis import Finding, error, warning
from skewless.doctor.patient import AbsentError
from skewless.offline.lake.catalog import LOG_FOLDER, TEMPORARY_FOLDERS
from skewless.registry.snapshot import SnapshotObject
from skewless.store_names import EXPIRY, PARTITION_KEY, SORT_KEY, data_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.doctor.patient import Patient

_KEYS = [(PARTITION_KEY, "HASH"), (SORT_KEY, "RANGE")]


def check_online_table(patient: Patient) -> Iterator[Finding]:
    """Look at the table of online items, whose items expire."""
    name = patient.resources.online_table
    yield from _check_table(patient, name)
    found = patient.ask("dynamodb", "describe_time_to_live", _NO_TABLE, TableName=name)
    described = found["TimeToLiveDescription"]
    is_on = described["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
    if not is_on or described.get("AttributeName") != EXPIRY:
        yield warning(
            f"table {name}",
            "expired items are not deleted: time to live is not on for the attribute 'e'",
            f"aws dynamodb update-time-to-live --table-name {name} "
            "--time-to-live-specification Enabled=true,AttributeName=e",
        )


def check_registry_table(patient: Patient) -> Iterator[Finding]:
    """Look at the table of published definitions."""
    name = patient.resources.registry_table
    yield from _check_table(patient, name)
    if patient.published is not None and patient.published.is_unfinished:
        yield warning(
            f"table {name}",
            "an apply of many definitions was interrupted after it was committed. It counts, and "
            "older releases of skewless see only a part of it",
            "skewless apply FILE, of any file: each apply finishes the one before",
        )


def check_snapshot(patient: Patient) -> Iterator[Finding]:
    """Look whether the registry's snapshot holds the last apply."""
    snapshot = SnapshotObject(patient.aws, patient.resources)
    if problem := snapshot.problem():
        yield warning(
            f"snapshot {snapshot.uri}",
            f"the registry's snapshot is not the registry: {problem}",
            "skewless apply FILE, of any file: each apply writes it if it is behind",
        )


_NO_TABLE = ("ResourceNotFoundException", "TableNotFoundException")


def _check_table(patient: Patient, name: str) -> Iterator[Finding]:
    subject = f"table {name}"
    try:
        found = patient.ask("dynamodb", "describe_table", _NO_TABLE, TableName=name)["Table"]
    except AbsentError:
        yield error(subject, "there is no such table", _deploy(patient))
        raise
    keys = [(key["AttributeName"], key["KeyType"]) for key in found["KeySchema"]]
    if keys != _KEYS:
        yield error(subject, f"its keys are {keys}, not {_KEYS}", _deploy(patient))
    if found["TableStatus"] not in ("ACTIVE", "UPDATING"):
        yield error(subject, f"it is {found['TableStatus']}", "wait until it is ACTIVE")
    if not found.get("DeletionProtectionEnabled"):
        yield warning(
            subject,
            "it may be deleted by mistake: deletion protection is off",
            f"aws dynamodb update-table --table-name {name} --deletion-protection-enabled",
        )
    backups = patient.ask("dynamodb", "describe_continuous_backups", _NO_TABLE, TableName=name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        yield warning(
            subject,
            "it cannot be restored: point-in-time recovery is off",
            f"aws dynamodb update-continuous-backups --table-name {name} "
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
        )


def check_bucket(patient: Patient) -> Iterator[Finding]:
    """Look at the bucket's safety, and at what its rules expire."""
    name = patient.resources.bucket
    subject = f"bucket {name}"
    try:
        patient.ask("s3", "head_bucket", ("404", "NoSuchBucket"), Bucket=name)
    except AbsentError:
        yield error(subject, "there is no such bucket", _deploy(patient))
        raise
    if not all(_public_access(patient).values()):
        yield error(
            subject,
            "its objects could be made public: public access is not blocked",
            f"aws s3api put-public-access-block --bucket {name} "
            "--public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,"
            "BlockPublicPolicy=true,RestrictPublicBuckets=true",
        )
    if not _is_encrypted(patient):
        yield warning(subject, "it states no encryption of its own", _deploy(patient))
    yield from _check_rules(patient, subject)


def _public_access(patient: Patient) -> dict[str, bool]:
    try:
        found: dict[str, bool] = patient.ask(
            "s3",
            "get_public_access_block",
            ("NoSuchPublicAccessBlockConfiguration",),
            Bucket=patient.resources.bucket,
        )["PublicAccessBlockConfiguration"]
    except AbsentError:
        return {"BlockPublicAcls": False}
    return found


def _is_encrypted(patient: Patient) -> bool:
    try:
        patient.ask(
            "s3",
            "get_bucket_encryption",
            ("ServerSideEncryptionConfigurationNotFoundError",),
            Bucket=patient.resources.bucket,
        )
    except AbsentError:
        return False
    return True


def _check_rules(patient: Patient, subject: str) -> Iterator[Finding]:
    prefixes = [_prefix(rule) for rule in _rules(patient)]
    kept = [
        folder
        for folder in TEMPORARY_FOLDERS
        if not any(folder.startswith(prefix) for prefix in prefixes)
    ]
    if kept:
        yield warning(
            subject,
            f"no lifecycle rule expires {', '.join(kept)}: results of queries stay for ever",
            _deploy(patient),
        )
    log = f"{LOG_FOLDER}/"
    if any(log.startswith(prefix) or prefix.startswith(log) for prefix in prefixes):
        yield error(
            subject,
            f"a lifecycle rule expires objects under {log!r}: the event log is being lost",
            "remove that rule; the log's files are Iceberg's to delete",
        )


def _rules(patient: Patient) -> list[dict[str, Any]]:
    """Return the rules that expire current objects."""
    try:
        found = patient.ask(
            "s3",
            "get_bucket_lifecycle_configuration",
            ("NoSuchLifecycleConfiguration",),
            Bucket=patient.resources.bucket,
        )["Rules"]
    except AbsentError:
        return []
    return [
        rule
        for rule in found
        if rule["Status"] == "Enabled" and rule.get("Expiration", {}).keys() & {"Days", "Date"}
    ]


def _prefix(rule: dict[str, Any]) -> str:
    where = rule.get("Filter", {})
    prefix: str = rule.get("Prefix") or where.get("Prefix") or ""
    return prefix or where.get("And", {}).get("Prefix", "")


def check_workgroup(patient: Patient) -> Iterator[Finding]:
    """Check whether queries run, where results go, and what a query may cost."""
    name = patient.resources.workgroup
    subject = f"workgroup {name}"
    absent = ("InvalidRequestException",)
    try:
        found = patient.ask("athena", "get_work_group", absent, WorkGroup=name)["WorkGroup"]
    except AbsentError:
        yield error(subject, "there is no such workgroup", _deploy(patient))
        raise
    settings = found.get("Configuration", {})
    change = f"aws athena update-work-group --work-group {name}"
    if found.get("State") == "DISABLED":
        yield error(subject, "it is disabled: no query runs", f"{change} --state ENABLED")
    location = settings.get("ResultConfiguration", {}).get("OutputLocation")
    if settings.get("EnforceWorkGroupConfiguration") and location:
        yield error(
            subject,
            f"it enforces its own place for results, {location}; the store names a place for each",
            f"{change} --configuration-updates EnforceWorkGroupConfiguration=false",
        )
    if not settings.get("BytesScannedCutoffPerQuery"):
        yield warning(
            subject,
            "a query may scan any amount: it has no scan limit",
            f"{change} --configuration-updates BytesScannedCutoffPerQuery=1099511627776",
        )


def check_database(patient: Patient) -> Iterator[Finding]:
    """Check that the log's Glue database exists."""
    name = patient.resources.database
    try:
        patient.ask("glue", "get_database", ("EntityNotFoundException",), Name=name)
    except AbsentError:
        yield error(f"database {name}", "there is no such database", _deploy(patient))


def _deploy(patient: Patient) -> str:
    return f"cdk deploy {data_stack(patient.resources.store)}"
