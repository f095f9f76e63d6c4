"""The doctor finds each defect that is planted, and names what cures it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from skewless import FeatureStore
from skewless.aws import Aws, Jobs
from skewless.compiler.plan import plan_view
from skewless.definitions.expression import to_microseconds
from skewless.definitions.refresh import Stream
from skewless.doctor.caller import (
    check_permissions,
    needed_actions,
    principal_of,
)
from skewless.doctor.diagnosis import Diagnosis, Finding, Severity
from skewless.doctor.examination import _run
from skewless.doctor.patient import Patient
from skewless.errors import NotDueError
from skewless.jobs.schedules import Schedules
from skewless.materialize.source_line import SourceLine
from skewless.online.address import view_partition
from skewless.online.server_time import skew_seconds
from tests.ops.builders import NOON, daily_view, payment, payments_view
from tests.test_imports import loaded_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.ops.builders import MovableClock

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def well(store: FeatureStore) -> FeatureStore:
    """A store in which all is as it should be, but that it has no jobs."""
    store.apply([payments_view(), daily_view()])
    store.backfill("payments", [payment(-3000)])
    store.materialize("spending")
    store.materialize("profile")
    return store


def bad(found: Diagnosis) -> list[Finding]:
    """What is not as it should be, besides the jobs."""
    return [
        one for one in found.findings if one.severity is not Severity.OK and one.subject != "jobs"
    ]


def only(found: Diagnosis) -> Finding:
    (one,) = bad(found)
    return one


def test_a_store_that_is_well_has_no_finding_but_the_missing_jobs(well: FeatureStore) -> None:
    found = well.doctor()
    assert bad(found) == []
    assert found.is_healthy
    (jobs,) = found.warnings
    assert (jobs.subject, "cdk deploy" in jobs.remedy) == ("jobs", True)


def test_each_thing_that_is_well_is_told_once(well: FeatureStore) -> None:
    subjects = [one.subject for one in well.doctor().findings]
    assert len(subjects) == len(set(subjects))
    assert {"source payments", "view spending@1", "view profile@1", "clock"} <= set(subjects)
    assert f"bucket {well.resources.bucket}" in subjects


def test_a_snapshot_of_the_registry_that_is_behind_is_told_and_the_next_apply_writes_it(
    well: FeatureStore,
) -> None:
    place = {"Bucket": well.resources.bucket, "Key": "registry/snapshot.json"}
    s3 = well.aws.client("s3")
    old = s3.get_object(**place)
    well.deprecate("profile@1")
    s3.put_object(**place, Body=old["Body"].read(), Metadata=old["Metadata"])
    found = only(well.doctor())
    assert found.subject == f"snapshot s3://{place['Bucket']}/{place['Key']}"
    assert "and the last apply of" in found.what
    assert not well.apply([payments_view(), daily_view()]).has_changes
    assert bad(well.doctor()) == []


def test_an_erasure_that_died_is_told_since_first_cuts_wait_for_it(well: FeatureStore) -> None:
    line = SourceLine(well.aws, well.resources.online_table, "payments")
    line.begin_erasure("20240305T120000Z-0123456789ab")
    found = only(well.doctor())
    assert (found.subject, found.severity) == ("source payments", Severity.WARNING)
    assert "20240305T120000Z-0123456789ab" in found.what
    well.apply([payments_view(), daily_view(), payments_view("new")])
    with pytest.raises(NotDueError, match=r"new@1: its first cut waits.*skewless forget"):
        well.materialize("new")
    line.end_erasure("20240305T120000Z-0123456789ab")
    well.materialize("new")
    assert bad(well.doctor()) == []


def test_tables_of_killed_sessions_are_listed_with_the_command_that_removes_them(
    well: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, names = well.resources.database, ["skewless_labels_a_0", "skewless_step_a_1"]
    for name in names:
        well.aws.client("glue").create_table(DatabaseName=database, TableInput={"Name": name})
    assert bad(well.doctor()) == []  # they may be of a session that runs
    monkeypatch.setattr("skewless.doctor.leftovers.ABANDONED_AFTER", timedelta(0))
    found = only(well.doctor())
    assert (found.severity, found.subject) == (Severity.WARNING, f"leftovers {database}")
    assert found.what.startswith("2 tables of Athena sessions that were killed")
    assert found.remedy == (
        f"aws glue batch-delete-table --database-name {database} --tables-to-delete "
        "skewless_labels_a_0 skewless_step_a_1"
    )


def test_a_producer_that_died_on_the_way_is_told_with_what_to_run(
    well: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = next(
        each for each in well.published.definitions.views if isinstance(each.refresh, Stream)
    )
    line = SourceLine(well.aws, well.resources.online_table, view.source.name)
    with line.inside_of(lambda: 1_800_000_000_000_000) as place:
        place.commit()
    assert bad(well.doctor()) == []  # it may be on its way
    monkeypatch.setattr(SourceLine, "is_dead", lambda *_: True)
    found = only(well.doctor())
    assert (found.severity, found.subject) == (Severity.WARNING, f"source {view.source.name}")
    assert "1 batches in its line" in found.what
    assert "as of 2027-01-15T08:00:00+00:00" in found.what
    assert found.remedy == f"skewless repair {view.name}@{view.version}"
    well.repair(view)
    monkeypatch.undo()
    assert line.producers() == {}


def _no_protection(store: FeatureStore) -> None:
    store.aws.client("dynamodb").update_table(
        TableName=store.resources.online_table, DeletionProtectionEnabled=False
    )


def _no_recovery(store: FeatureStore) -> None:
    store.aws.client("dynamodb").update_continuous_backups(
        TableName=store.resources.registry_table,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )


def _no_ttl(store: FeatureStore) -> None:
    store.aws.client("dynamodb").update_time_to_live(
        TableName=store.resources.online_table,
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "e"},
    )


def _public(store: FeatureStore) -> None:
    store.aws.client("s3").delete_public_access_block(Bucket=store.resources.bucket)


def _unencrypted(store: FeatureStore) -> None:
    store.aws.client("s3").delete_bucket_encryption(Bucket=store.resources.bucket)


def _no_rules(store: FeatureStore) -> None:
    store.aws.client("s3").delete_bucket_lifecycle(Bucket=store.resources.bucket)


def _a_rule_for_all(store: FeatureStore) -> None:
    store.aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket=store.resources.bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "all",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "Expiration": {"Days": 9},
                }
            ]
        },
    )


def _enforced(store: FeatureStore) -> None:
    _make_workgroup_anew(
        store, EnforceWorkGroupConfiguration=True, BytesScannedCutoffPerQuery=1 << 40
    )


def _no_limit(store: FeatureStore) -> None:
    _make_workgroup_anew(store, EnforceWorkGroupConfiguration=False)


def _make_workgroup_anew(store: FeatureStore, **settings: Any) -> None:
    # moto cannot change one
    athena, name = store.aws.client("athena"), store.resources.workgroup
    athena.delete_work_group(WorkGroup=name)
    place = {"OutputLocation": "s3://elsewhere/"}
    athena.create_work_group(Name=name, Configuration={"ResultConfiguration": place, **settings})


def _no_log(store: FeatureStore) -> None:
    store.aws.client("glue").delete_table(DatabaseName=store.resources.database, Name="payments")


def _another_type(store: FeatureStore) -> None:
    glue, database = store.aws.client("glue"), store.resources.database
    table = glue.get_table(DatabaseName=database, Name="payments")["Table"]
    stored = table["StorageDescriptor"]
    for column in stored["Columns"]:
        if column["Name"] == "items":
            column["Type"] = "string"
    kept = {name: table[name] for name in ("Name", "TableType", "Parameters")}
    glue.update_table(DatabaseName=database, TableInput={**kept, "StorageDescriptor": stored})


def _no_optimizer(store: FeatureStore) -> None:
    store.aws.client("glue").delete_table_optimizer(
        CatalogId="123456789012",
        DatabaseName=store.resources.database,
        TableName="payments",
        Type="orphan_file_deletion",
    )


def _an_old_optimizer(store: FeatureStore) -> None:
    store.aws.client("glue").update_table_optimizer(
        CatalogId="123456789012",
        DatabaseName=store.resources.database,
        TableName="payments",
        Type="compaction",
        TableOptimizerConfiguration={"roleArn": store.resources.optimizer_role, "enabled": True},
    )


def _a_rewrite(store: FeatureStore) -> None:
    partition = view_partition(plan_view(daily_view()))
    store._workbench.rewrites.add([partition], "backfill-1")


def _a_begun_cut(store: FeatureStore) -> None:
    partition = view_partition(plan_view(payments_view()))
    store._table.begin_cut(partition, int((NOON + timedelta(hours=12)).timestamp() * 1e6))


@pytest.mark.parametrize(
    ("plant", "severity", "subject", "what", "remedy"),
    [
        (_no_protection, "warning", "-online", "deletion protection is off", "update-table"),
        (_no_recovery, "warning", "-registry", "point-in-time", "update-continuous-backups"),
        (_no_ttl, "warning", "-online", "time to live", "update-time-to-live"),
        (_public, "error", "bucket", "made public", "put-public-access-block"),
        (_unencrypted, "warning", "bucket", "no encryption", "cdk deploy"),
        (_no_rules, "warning", "bucket", "queries/", "cdk deploy"),
        (_a_rule_for_all, "error", "bucket", "event log is being lost", "remove that rule"),
        (_enforced, "error", "workgroup", "enforces", "EnforceWorkGroupConfiguration=false"),
        (_no_limit, "warning", "workgroup", "no scan limit", "BytesScannedCutoffPerQuery=1"),
        (_no_log, "error", "source payments", "is not there", "skewless apply"),
        (_another_type, "error", "source payments", "'items' of its log is string", "restore"),
        (_no_optimizer, "warning", "source payments", "orphan_file_deletion", "skewless apply"),
        (_an_old_optimizer, "warning", "source payments", "earlier release", "skewless apply"),
        (_a_rewrite, "warning", "view profile@1", "1 rewrites", "skewless materialize profile@1"),
        (_a_begun_cut, "warning", "view spending@1", "begun", "skewless materialize spending@1"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_planted_defect_is_found_with_its_remedy(
    well: FeatureStore,
    plant: Callable[[FeatureStore], None],
    severity: str,
    subject: str,
    what: str,
    remedy: str,
) -> None:
    plant(well)
    found = only(well.doctor())
    assert found.severity == severity
    assert subject in found.subject
    assert what in found.what
    assert remedy in found.remedy


def test_a_new_column_that_the_log_lacks_is_drift(well: FeatureStore) -> None:
    glue, database = well.aws.client("glue"), well.resources.database
    table = glue.get_table(DatabaseName=database, Name="payments")["Table"]
    stored = table["StorageDescriptor"]
    stored["Columns"] = [one for one in stored["Columns"] if one["Name"] != "shop"]
    kept = {name: table[name] for name in ("Name", "TableType", "Parameters")}
    glue.update_table(DatabaseName=database, TableInput={**kept, "StorageDescriptor": stored})
    assert "lacks the column 'shop'" in only(well.doctor()).what


@pytest.mark.parametrize("gone", ["online_table", "registry_table", "bucket", "workgroup"])
def test_what_is_not_there_is_an_error_to_deploy(well: FeatureStore, gone: str) -> None:
    resources = replace(well.resources, **{gone: "no-such-thing-of-ours"})
    other = FeatureStore(well.aws, resources, clock=well.clock)
    found = other.doctor()
    (one,) = [one for one in found.errors if one.remedy.startswith("cdk deploy")]
    assert "no-such-thing-of-ours" in one.subject
    assert "there is no such" in one.what


def test_a_view_that_was_never_cut_is_told(store: FeatureStore) -> None:
    store.apply(daily_view())
    found = only(store.doctor())
    assert (found.severity, found.subject) == ("warning", "view profile@1")
    assert found.remedy == "skewless materialize profile@1"


def test_a_view_is_overdue_by_so_much(well: FeatureStore, clock: MovableClock) -> None:
    clock.now = NOON + timedelta(days=1)
    found = {one.subject: one for one in bad(well.doctor())}
    assert found["view profile@1"].severity == "error"
    assert "is due since 12h" in found["view profile@1"].what
    assert "stale" in found["view profile@1"].what
    assert found["view spending@1"].severity == "warning"


def test_a_cut_that_became_due_just_now_is_no_finding(
    well: FeatureStore, clock: MovableClock
) -> None:
    clock.now = NOON + timedelta(hours=12, minutes=20)
    assert bad(well.doctor()) == []


def test_a_stream_cut_too_long_ago_has_lost_its_days(
    well: FeatureStore, clock: MovableClock
) -> None:
    clock.now = NOON + timedelta(days=10)
    found = {one.subject: one for one in well.doctor().errors}
    assert "events are missing" in found["view spending@1"].what


def test_an_incomplete_parameter_is_told(well: FeatureStore) -> None:
    resources = replace(well.resources, report_key="", workgroup="")
    found = FeatureStore(well.aws, resources, clock=well.clock).doctor()
    told = {(one.severity.value, one.what) for one in found.findings if "parameter" in one.subject}
    assert ("warning", "it has no report_key: reports of erasures are not signed") in told
    assert ("error", "it has no workgroup") in told


def test_a_refused_check_asks_for_a_grant_and_the_others_go_on(
    well: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(well, monkeypatch, "dynamodb", "describe_continuous_backups", "AccessDeniedException")
    found = bad(well.doctor())
    assert {one.what for one in found} == {"not allowed: dynamodb:DescribeContinuousBackups"}
    assert {one.remedy for one in found} == {"ask for grant_administer"}
    assert len(found) == 2


def test_a_service_that_fails_is_a_finding_and_no_crash(
    well: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(well, monkeypatch, "athena", "get_work_group", "InternalServerException")
    found = only(well.doctor())
    assert found.severity == "warning"
    assert "InternalServerException" in found.what


def refuse(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch, service: str, operation: str, code: str
) -> None:
    client = store.aws.client(service)
    name = client.meta.method_to_api_mapping[operation]

    def refused(**_request: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, name)

    monkeypatch.setattr(client, operation, refused)


@pytest.fixture
def jobs(well: FeatureStore) -> Iterator[Jobs]:
    """Jobs that are there and well."""
    aws, name = well.aws, well.resources.store
    machine = aws.client("stepfunctions").create_state_machine(
        name=f"skewless-{name}-materialize",
        roleArn="arn:aws:iam::123456789012:role/states",
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
    )
    queue = aws.client("sqs").create_queue(QueueName=f"skewless-{name}-failed")
    made = Jobs(
        state_machine=machine["stateMachineArn"],
        schedule_group=f"skewless-{name}",
        scheduler_role="arn:aws:iam::123456789012:role/scheduler",
        failed_queue=queue["QueueUrl"],
    )
    aws.client("ssm").put_parameter(
        Name=f"/skewless/{name}/jobs", Type="String", Value=json.dumps(made.document())
    )
    aws.client("scheduler").create_schedule_group(Name=made.schedule_group)
    views = well.published.definitions.views
    Schedules(aws, made).follow(lambda: views, to_microseconds(NOON, "noon"))
    yield made
    # They would fire at midnight.
    aws.client("scheduler").delete_schedule_group(Name=made.schedule_group)


def test_jobs_that_are_well_are_no_finding(well: FeatureStore, jobs: Jobs) -> None:
    assert Jobs.fetch(well.name, well.aws) == jobs
    assert [one for one in well.doctor().findings if one.severity is not Severity.OK] == []


def test_a_cut_that_gave_up_is_an_error(well: FeatureStore, jobs: Jobs) -> None:
    well.aws.client("sqs").send_message(QueueUrl=jobs.failed_queue, MessageBody="{}")
    found = only(well.doctor())
    assert (found.severity, found.remedy) == ("error", "skewless materialize --redrive")
    assert "1 cuts gave up" in found.what


@pytest.mark.parametrize(
    ("ends", "severity"),
    [(["SUCCEEDED", "FAILED"], "warning"), (["FAILED", "SUCCEEDED"], "error"), (["RUNNING"], None)],
)
def test_executions_that_failed_are_told(
    well: FeatureStore,
    jobs: Jobs,
    monkeypatch: pytest.MonkeyPatch,
    ends: list[str],
    severity: str | None,
) -> None:
    listed = [{"name": f"e{n}", "status": status} for n, status in enumerate(ends)]
    client = well.aws.client("stepfunctions")
    monkeypatch.setattr(client, "list_executions", lambda **_: {"executions": listed})
    assert [one.severity.value for one in bad(well.doctor())] == [severity] * (severity is not None)


def test_jobs_that_the_parameter_names_and_that_are_gone_are_errors(
    well: FeatureStore, jobs: Jobs
) -> None:
    well.aws.client("stepfunctions").delete_state_machine(stateMachineArn=jobs.state_machine)
    well.aws.client("sqs").delete_queue(QueueUrl=jobs.failed_queue)
    found = bad(well.doctor())
    assert [one.severity.value for one in found] == ["error", "error"]
    assert {one.remedy for one in found} == {f"cdk deploy skewless-{well.name}-jobs"}


def test_schedules_that_drifted_are_errors(well: FeatureStore, jobs: Jobs) -> None:
    well.aws.client("scheduler").delete_schedule(Name="profile.1", GroupName=jobs.schedule_group)
    found = only(well.doctor())
    assert found.severity == "error"
    assert (found.subject, found.what, found.remedy) == (
        "schedule profile.1",
        "view profile@1 has none",
        "skewless apply FILE",
    )


@pytest.mark.parametrize(
    ("before", "after", "stamped", "skew"),
    [
        (100.0, 100.1, 100.0, 0.0),
        (100.9, 101.2, 100.0, 0.0),
        (103.5, 103.6, 100.0, 2.5),
        (95.0, 95.5, 100.0, -4.5),
    ],
)
def test_a_clock_is_off_by_what_the_whole_seconds_cannot_explain(
    before: float, after: float, stamped: float, skew: float
) -> None:
    assert skew_seconds(before, after, stamped) == pytest.approx(skew)


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        (
            "arn:aws:sts::123456789012:assumed-role/Admin/session",
            "arn:aws:iam::123456789012:role/Admin",
        ),
        ("arn:aws:iam::123456789012:user/x", "arn:aws:iam::123456789012:user/x"),
        ("arn:aws:iam::123456789012:root", None),
    ],
)
def test_a_callers_policies_are_those_of_its_role(arn: str, principal: str | None) -> None:
    assert principal_of(arn) == principal


def examined_by(store: FeatureStore, session: Any) -> list[tuple[str, str]]:
    """Return what is said of permissions where IAM is asked, as it is on AWS."""
    aws = Aws(session, store.aws.endpoint)
    for service in ("dynamodb", "iam", "sts"):
        aws.client(service)
    aws.endpoint = None
    patient = Patient(aws, store.resources, None, None, 0)
    findings = _run(patient, "permissions", "all that administering takes", check_permissions)
    return [(found.severity.value, found.what) for found in findings]


def test_permissions_that_iam_denies_are_named(well: FeatureStore) -> None:
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    denied = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    session = LocalAws.start().as_policy(allowed, denied)
    bucket = well.resources.bucket
    assert examined_by(well, session) == [
        ("warning", f"not allowed: s3:PutObject on arn:aws:s3:::{bucket}/*")
    ]


def test_permissions_are_ok_only_where_iam_says_so(well: FeatureStore) -> None:
    local = LocalAws.start()
    everything = local.as_policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    fine = [("ok", "all that administering takes")]
    assert examined_by(well, everything) == fine
    assert examined_by(well, local.session()) == fine
    nobody = local.as_policy({"Effect": "Allow", "Action": "sts:*", "Resource": "*"})
    assert examined_by(well, nobody) == [
        ("warning", "they were not looked at: not allowed: iam:SimulatePrincipalPolicy")
    ]


def test_an_error_of_iam_is_a_warning(well: FeatureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_request: Any) -> Any:
        error: Any = {"Error": {"Code": "500", "Message": "Internal Server Error"}}
        raise ClientError(error, "SimulatePrincipalPolicy")

    aws = Aws(well.aws.session, well.aws.endpoint)
    for service in ("dynamodb", "sts"):
        aws.client(service)
    monkeypatch.setattr(aws.client("iam"), "simulate_principal_policy", fail)
    aws.endpoint = None
    patient = Patient(aws, well.resources, None, None, 0)
    (found,) = _run(patient, "permissions", "fine", check_permissions)
    assert found.severity == "warning"
    assert found.what.startswith("it could not be looked at: An error occurred (500)")


def test_the_doctor_needs_boto3_alone() -> None:
    found = loaded_by("import skewless.doctor.examination")
    assert not found & {"pyarrow", "pyiceberg", "pandas", "duckdb", "awswrangler", "sqlglot"}


def test_iam_is_asked_about_resources_of_the_callers_partition(well: FeatureStore) -> None:
    patient = Patient(well.aws, well.resources, None, None, 0)
    found = needed_actions(patient, "123456789012", "aws-us-gov")
    resources = [resource for _, named in found for resource in named]
    assert resources
    assert all(resource.startswith("arn:aws-us-gov:") for resource in resources)
