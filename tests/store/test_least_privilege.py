"""What a store's users may be limited to, and that what they use is what they were granted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from pyiceberg.catalog.glue import GlueCatalog

from cdk import permissions
from localaws import LocalAws
from localaws.deploy.iam import granted_actions
from skewless import FeatureStore
from skewless.aws import Aws
from skewless.errors import ErasedSnapshotError, OnlineStoreError, QueryError, StoreError
from skewless.offline.engines.abandoned import Abandoned
from skewless.offline.lake.expired import ExpiredSnapshots
from skewless.offline.lake.snapshots import Snapshots
from skewless.offline.storage.file_io import iceberg_properties
from tests.localaws.permissions import allow
from tests.store.builders import label, model, payment, payments
from tests.store.rights import session_as

if TYPE_CHECKING:
    from pathlib import Path

    from localaws.core.session import LocalSession
    from tests.store.conftest import MovableClock

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

ACCOUNT = "arn:aws:{}:us-east-1:123456789012:{}"
ROW = {"card": "a", "amount": 20.0}


@pytest.fixture
def aws() -> LocalAws:
    return LocalAws.start()


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply(model)
    store.backfill("payments", [payment(-3000 + 10 * n) for n in range(290)])
    for view in ("spending", "profile"):
        store.materialize(view)
    return store


def reads(store: FeatureStore, *views: str) -> dict[str, Any]:
    """The statement that lets a function serve these views, all versions of each."""
    return allow(
        "dynamodb:BatchGetItem",
        ACCOUNT.format("dynamodb", f"table/{store.resources.online_table}"),
        Condition={
            "ForAllValues:StringLike": {
                "dynamodb:LeadingKeys": [*(f"{view}@*" for view in views), "line#*"]
            }
        },
    )


def locked(
    store: FeatureStore, service: object, session: LocalSession, folder: Path, clock: MovableClock
) -> FeatureStore:
    path = folder / "skewless.lock"
    store.lock(service, path)
    return FeatureStore.from_lock(path, session=session, clock=clock)


def test_a_lock_s_views_are_served_with_batch_reads_of_their_keys_and_nothing_else(
    aws: LocalAws, filled: FeatureStore, tmp_path: Path, clock: MovableClock
) -> None:
    statement = reads(filled, "spending", "profile")
    session = aws.as_policy(statement)
    serving = locked(filled, "model", session, tmp_path, clock)
    served = serving.get_online_features(entity_rows=[ROW]).rows
    assert served == filled.get_online_features("model", [ROW]).rows
    assert served[0]["payments_7d"] == 290
    used = aws.calls.actions_of(session.principal)
    assert used == granted_actions({"Statement": [statement]})


def test_a_view_that_was_not_granted_is_refused(
    aws: LocalAws, filled: FeatureStore, tmp_path: Path, clock: MovableClock
) -> None:
    session = aws.as_policy(reads(filled, "profile"))
    serving = locked(filled, "model", session, tmp_path, clock)
    granted = serving.get_online_features("profile", {"card": "a"})
    assert granted.rows == [{"shop": "book", "items": 1}]
    with pytest.raises(OnlineStoreError, match=f"{session.principal}/local is not authorized"):
        serving.get_online_features("spending", {"card": "a"})
    with pytest.raises(OnlineStoreError, match="not authorized"):
        serving.get_online_features(entity_rows=[ROW])


def test_who_may_serve_may_not_connect(aws: LocalAws, filled: FeatureStore) -> None:
    session = aws.as_policy(reads(filled, "spending", "profile"))
    with pytest.raises(StoreError, match="not authorized to perform: ssm:GetParameter"):
        FeatureStore.connect(filled.name, session=session)


def test_applying_what_is_published_writes_nothing(
    aws: LocalAws, filled: FeatureStore, clock: MovableClock
) -> None:
    session = aws.as_policy(allow("*"))
    store = as_session(filled, session, clock)
    store.apply(model)
    assert aws.calls.actions_of(session.principal) == {
        "dynamodb:Query",
        "glue:GetTable",
        "glue:GetTableOptimizer",
        "s3:GetObject",
        "ssm:GetParameter",
    }


def training(store: FeatureStore) -> list[dict[str, Any]]:
    """What training by Athena takes, as measured; large results take more on AWS."""
    names = store.resources
    bucket, queries = f"arn:aws:s3:::{names.bucket}", f"arn:aws:s3:::{names.bucket}/queries/*"
    glue = [
        ACCOUNT.format("glue", one)
        for one in ("catalog", f"database/{names.database}", f"table/{names.database}/*")
    ]
    steps = [f"table/{names.database}/skewless_{kind}_*" for kind in ("labels", "step")]
    own = [*glue[:2], *(ACCOUNT.format("glue", one) for one in steps)]
    return [
        allow("dynamodb:Query", ACCOUNT.format("dynamodb", f"table/{names.registry_table}")),
        allow(
            [
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetWorkGroup",
                "athena:StartQueryExecution",
            ],
            ACCOUNT.format("athena", f"workgroup/{names.workgroup}"),
        ),
        allow(["glue:GetDatabase", "glue:GetTable"], glue),
        allow("glue:GetDatabase", ACCOUNT.format("glue", "database/default")),
        allow(["glue:CreateTable", "glue:DeleteTable"], own),
        allow(["s3:GetBucketLocation", "s3:ListBucket"], bucket),
        allow("s3:GetObject", [f"{bucket}/log/*", queries]),
        allow(["s3:DeleteObject", "s3:PutObject"], queries),
    ]


def as_session(store: FeatureStore, session: LocalSession, clock: MovableClock) -> FeatureStore:
    return FeatureStore(Aws(session, store.aws.endpoint), store.resources, clock=clock)


def test_training_by_athena_uses_what_it_is_granted_and_all_of_it(
    aws: LocalAws, filled: FeatureStore, clock: MovableClock
) -> None:
    statements = training(filled)
    session = aws.as_policy(*statements)
    rows = [label(-60), label(-30)]
    found = as_session(filled, session, clock).get_historical_features(
        rows, "model", engine="athena"
    )
    wanted = filled.get_historical_features(rows, "model", engine="duckdb")
    assert found.manifest["digest"] == wanted.manifest["digest"]
    assert aws.calls.actions_of(session.principal) == granted_actions({"Statement": statements})
    assert not aws.calls.refused_of(session.principal)


def test_training_sweeps_what_a_killed_session_left(aws: LocalAws, filled: FeatureStore) -> None:
    made, id_ = filled.resources, "0123456789abcdef" * 2
    label, step = f"skewless_labels_{id_}_0", f"skewless_step_{id_}_1"
    filled.aws.client("s3").put_object(
        Bucket=made.bucket, Key=f"queries/{id_}/{label}/labels.parquet", Body=b"x"
    )
    glue = filled.aws.client("glue")
    for name in (label, step):
        glue.create_table(DatabaseName=made.database, TableInput={"Name": name})
    session = session_as(aws, permissions.TRAIN, filled, sources=("payments",))
    training = Aws(session, filled.aws.endpoint)
    assert Abandoned(training, made, timedelta(0)).sweep() == 1
    found = glue.get_tables(DatabaseName=made.database)["TableList"]
    assert not {label, step} & {table["Name"] for table in found}
    assert not aws.calls.refused_of(session.principal)


@pytest.mark.parametrize("is_versioned", [False, True])
def test_training_learns_that_an_erasure_expired_the_snapshot_it_asks_for(
    aws: LocalAws, filled: FeatureStore, *, is_versioned: bool
) -> None:
    made = filled.resources
    if is_versioned:
        filled.aws.client("s3").put_bucket_versioning(
            Bucket=made.bucket, VersioningConfiguration={"Status": "Enabled"}
        )
    ExpiredSnapshots(filled.aws, made.bucket).add("payments", "an-erasure", [7])
    session = session_as(aws, permissions.TRAIN, filled)
    with pytest.raises(ErasedSnapshotError, match="an-erasure"):
        Snapshots(Aws(session, filled.aws.endpoint), made).check(payments, 7)
    assert not aws.calls.refused_of(session.principal)


def test_ingesting_goes_on_where_a_log_outgrows_the_metadata_that_its_table_keeps(
    aws: LocalAws, filled: FeatureStore, clock: MovableClock
) -> None:
    """As older releases made tables: whoever commits deletes what falls out of the list."""
    glue = GlueCatalog("test", client=filled.aws.client("glue"), **iceberg_properties(filled.aws))
    with glue.load_table(f"{filled.resources.database}.payments").transaction() as change:
        change.set_properties(
            {
                "write.metadata.delete-after-commit.enabled": "true",
                "write.metadata.previous-versions-max": "1",
            }
        )
    session = session_as(aws, permissions.INGEST, filled)
    producer = as_session(filled, session, clock)
    for minute in range(3):
        assert producer.ingest("payments", [payment(minute)]).accepted == 1
    assert not aws.calls.refused_of(session.principal)


def producer(
    aws: LocalAws, filled: FeatureStore, clock: MovableClock, source: str, *views: str
) -> FeatureStore:
    """A store as a producer of one source sees it, that was granted the items of some views."""
    session = session_as(
        aws,
        permissions.INGEST,
        filled,
        sources=(source,),
        leading_keys=[f"{view}@*" for view in views],
    )
    return as_session(filled, session, clock)


def test_a_producer_of_one_source_and_its_views_takes_in_events_history_and_refused_rows(
    aws: LocalAws, filled: FeatureStore, clock: MovableClock
) -> None:
    narrow = producer(aws, filled, clock, "payments", "spending", "profile")
    found = narrow.ingest("payments", [payment(), payment(amount="much"), payment(1)])
    assert (found.accepted, len(found.rejected)) == (2, 1)
    assert narrow.backfill("payments", [payment(-2003)], rewrite=True).accepted == 1
    assert filled._workbench.quarantine.list("payments").num_rows == 1


def test_a_producer_of_another_source_reaches_neither_refused_rows_nor_log(
    aws: LocalAws, filled: FeatureStore, clock: MovableClock
) -> None:
    filled.ingest("payments", [payment(amount="much"), payment()])
    narrow = producer(aws, filled, clock, "clicks", "clicks_1h")
    with pytest.raises(StoreError, match=r"source 'payments'.*not authorized to perform"):
        narrow.ingest("payments", [payment(2)])
    s3 = narrow.aws.client("s3")
    tables = ("skewless_quarantine_payments", "skewless_quarantine", "payments")
    for key in (f"log/{table}/metadata/a.json" for table in tables):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.get_object(Bucket=filled.resources.bucket, Key=key)


def test_a_producer_granted_some_views_reaches_the_items_of_no_others(
    aws: LocalAws, filled: FeatureStore, clock: MovableClock
) -> None:
    narrow = producer(aws, filled, clock, "payments", "profile")
    with pytest.raises(OnlineStoreError, match="not authorized to perform: dynamodb"):
        narrow.ingest("payments", [payment()])


def test_training_may_not_write_the_log(
    aws: LocalAws, filled: FeatureStore, clock: MovableClock
) -> None:
    session = aws.as_policy(*training(filled), allow("dynamodb:*"))
    with pytest.raises(StoreError, match="not authorized to perform: s3:PutObject"):
        as_session(filled, session, clock).ingest("payments", [payment()])
    assert aws.calls.refused_of(session.principal) == {"s3:PutObject"}


def test_training_without_the_log_s_objects_fails_with_the_reason(
    aws: LocalAws, filled: FeatureStore, clock: MovableClock
) -> None:
    elsewhere = f"arn:aws:s3:::{filled.resources.bucket}/log/payments/data/*"
    session = aws.as_policy(
        *training(filled), {"Effect": "Deny", "Action": "s3:GetObject", "Resource": elsewhere}
    )
    with pytest.raises(QueryError, match="PERMISSION_DENIED"):
        as_session(filled, session, clock).get_historical_features(
            [label(-60)], "model", engine="athena"
        )
