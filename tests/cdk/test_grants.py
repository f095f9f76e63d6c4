"""Each grant as the policy that comes of it: what is here is what a team's function may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_iam as iam

from cdk.access import StoreAccess
from cdk.feature_store import FeatureStore
from skewless.errors import InputError
from tests.cdk.apps import actions, granted, stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

ONLINE = "arn:<Partition>:dynamodb:<Region>:<AccountId>:table/skewless-prod-online"
REGISTRY = "arn:<Partition>:dynamodb:<Region>:<AccountId>:table/skewless-prod-registry"
PARAMETER = "arn:<Partition>:ssm:<Region>:<AccountId>:parameter/skewless/prod"
BUCKET = "arn:<Partition>:s3:::skewless-prod-<AccountId>-<Region>"
WORKGROUP = "arn:<Partition>:athena:<Region>:<AccountId>:workgroup/skewless-prod"
GLUE = "arn:<Partition>:glue:<Region>:<AccountId>"
CATALOG = [f"{GLUE}:catalog", f"{GLUE}:database/skewless_prod"]


@pytest.fixture
def features(tmp_path: Path) -> StoreAccess:
    return FeatureStore.from_name(stack(tmp_path), "Features", "prod")


def by_resource(statements: Iterable[dict[str, Any]]) -> dict[str, set[str]]:
    """Return what may be done with each resource."""
    found: dict[str, set[str]] = {}
    for statement in statements:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            found.setdefault(resource, set()).update(actions([statement]))
    return found


def test_serving_takes_one_action_on_one_table(features: StoreAccess) -> None:
    assert granted(StoreAccess.grant_serve, features) == [
        {"Effect": "Allow", "Action": "dynamodb:BatchGetItem", "Resource": ONLINE}
    ]


def test_serving_some_views_reaches_no_others(features: StoreAccess) -> None:
    def grant(store: StoreAccess, grantee: iam.IGrantable) -> None:
        store.grant_serve(grantee, views=["clicks", "card_spend@2", "orders@1.2"])

    assert granted(grant, features) == [
        {
            "Effect": "Allow",
            "Action": "dynamodb:BatchGetItem",
            "Resource": ONLINE,
            "Condition": {
                "ForAllValues:StringLike": {
                    "dynamodb:LeadingKeys": [
                        "card_spend@2#*",
                        "card_spend@2.*",
                        "clicks@*",
                        "orders@1.2#*",
                        "line#*",
                    ]
                }
            },
        }
    ]


def test_serving_without_a_lock_file_reads_the_registry_as_well(features: StoreAccess) -> None:
    def grant(store: StoreAccess, grantee: iam.IGrantable) -> None:
        store.grant_serve(grantee, is_locked=False)

    assert by_resource(granted(grant, features)) == {
        ONLINE: {"dynamodb:BatchGetItem"},
        REGISTRY: {"dynamodb:Query"},
        PARAMETER: {"ssm:GetParameter"},
    }


def test_the_condition_on_views_is_on_the_online_table_alone(features: StoreAccess) -> None:
    def grant(store: StoreAccess, grantee: iam.IGrantable) -> None:
        store.grant_serve(grantee, views=["clicks"], is_locked=False)

    assert [each["Resource"] for each in granted(grant, features) if "Condition" in each] == [
        ONLINE
    ]


RESULTS = {
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
}
QUERIES = {
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetWorkGroup",
    "athena:StartQueryExecution",
}
SESSION_TABLES = {"glue:CreateTable", "glue:DeleteTable", "glue:GetTable"}


def test_training_queries_the_log_and_writes_its_own_results_and_training_sets(
    features: StoreAccess,
) -> None:
    assert by_resource(granted(StoreAccess.grant_train, features)) == {
        PARAMETER: {"ssm:GetParameter"},
        REGISTRY: {"dynamodb:Query", "dynamodb:UpdateItem"},
        WORKGROUP: QUERIES,
        CATALOG[0]: {"glue:GetDatabase"} | SESSION_TABLES,
        CATALOG[1]: {"glue:GetDatabase"} | SESSION_TABLES,
        f"{GLUE}:database/default": {"glue:GetDatabase"},
        f"{GLUE}:table/skewless_prod/*": {"glue:GetDatabase", "glue:GetTable"},
        f"{GLUE}:table/skewless_prod/skewless_labels_*": SESSION_TABLES,
        f"{GLUE}:table/skewless_prod/skewless_step_*": SESSION_TABLES,
        BUCKET: {"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"},
        f"{BUCKET}/log/*": {"s3:GetObject"},
        f"{BUCKET}/queries/*": RESULTS,
        f"{BUCKET}/reports/expired/*": {"s3:GetObject"},
        f"{BUCKET}/reports/sets/*": {"s3:PutObject"},
        f"{BUCKET}/training/*": {"s3:PutObject"},
    }


def test_training_writes_no_more_into_the_registry_than_models(features: StoreAccess) -> None:
    statements = granted(StoreAccess.grant_train, features)

    (models,) = [each for each in statements if actions([each]) == {"dynamodb:UpdateItem"}]
    assert models["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["model"]}}


def test_training_on_some_sources_reads_the_logs_of_no_others(features: StoreAccess) -> None:
    def grant(store: StoreAccess, grantee: iam.IGrantable) -> None:
        store.grant_train(grantee, sources=["transactions", "cards"])

    found = by_resource(granted(grant, features))

    assert {each for each in found if "/log/" in each} == {
        f"{BUCKET}/log/cards/*",
        f"{BUCKET}/log/transactions/*",
    }
    assert {each for each in found if ":table/skewless_prod/" in each} == {
        f"{GLUE}:table/skewless_prod/cards",
        f"{GLUE}:table/skewless_prod/transactions",
        f"{GLUE}:table/skewless_prod/skewless_labels_*",
        f"{GLUE}:table/skewless_prod/skewless_step_*",
    }


def test_listing_the_bucket_is_bound_to_prefixes(features: StoreAccess) -> None:
    statements = granted(StoreAccess.grant_train, features)

    (listing,) = [each for each in statements if "s3:ListBucket" in actions([each])]
    assert listing["Condition"] == {
        "StringLike": {"s3:prefix": ["log/*", "queries/*", "reports/expired/*"]}
    }


def test_ingestion_appends_and_deletes_nothing(features: StoreAccess) -> None:
    assert by_resource(granted(StoreAccess.grant_ingest, features)) == {
        PARAMETER: {"ssm:GetParameter"},
        REGISTRY: {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        ONLINE: {
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        },
        CATALOG[0]: {
            "glue:CreateTable",
            "glue:GetDatabase",
            "glue:GetTable",
            "glue:UpdateTable",
        },
        CATALOG[1]: {
            "glue:CreateTable",
            "glue:GetDatabase",
            "glue:GetTable",
            "glue:UpdateTable",
        },
        f"{GLUE}:table/skewless_prod/*": {
            "glue:GetDatabase",
            "glue:GetTable",
            "glue:UpdateTable",
        },
        f"{GLUE}:table/skewless_prod/skewless_quarantine*": {
            "glue:CreateTable",
            "glue:GetTable",
            "glue:UpdateTable",
        },
        f"{BUCKET}/log/*": {"s3:GetObject", "s3:PutObject"},
    }


def test_ingestion_of_some_sources_reaches_them_and_their_quarantine(
    features: StoreAccess,
) -> None:
    def grant(store: StoreAccess, grantee: iam.IGrantable) -> None:
        store.grant_ingest(grantee, sources=["transactions"])

    statements = granted(grant, features)
    found = by_resource(statements)

    assert {each for each in found if "/log/" in each} == {
        f"{BUCKET}/log/skewless_quarantine_transactions/*",
        f"{BUCKET}/log/transactions/*",
    }
    assert {each for each in found if ":table/skewless_prod/" in each} == {
        f"{GLUE}:table/skewless_prod/skewless_quarantine_transactions",
        f"{GLUE}:table/skewless_prod/transactions",
    }
    (line,) = [
        each
        for each in statements
        if "dynamodb:GetItem" in actions([each]) and REGISTRY in by_resource([each])
    ]
    assert line["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["commits#transactions"]}
    }


def test_ingestion_for_some_views_reaches_their_items_and_rewrites_alone(
    features: StoreAccess,
) -> None:
    def grant(store: StoreAccess, grantee: iam.IGrantable) -> None:
        store.grant_ingest(grantee, sources=["transactions"], views=["spending", "profile@2"])

    statements = granted(grant, features)
    items, line = [each for each in statements if ONLINE in by_resource([each])]
    (rewrites,) = [
        each
        for each in statements
        if REGISTRY in by_resource([each]) and actions([each]) == {"dynamodb:UpdateItem"}
    ]
    assert items["Condition"] == {
        "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": ["profile@2#*", "profile@2.*", "spending@*"]
        }
    }
    assert line["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["line#transactions"]}
    }
    assert rewrites["Condition"] == {
        "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": [
                "rewrites#profile@2#*",
                "rewrites#profile@2.*",
                "rewrites#spending@*",
            ]
        }
    }


def test_ingestion_without_views_writes_items_of_all(features: StoreAccess) -> None:
    def grant(store: StoreAccess, grantee: iam.IGrantable) -> None:
        store.grant_ingest(grantee, sources=["transactions"])

    items, line = [each for each in granted(grant, features) if ONLINE in by_resource([each])]
    assert "Condition" not in items
    assert actions([line]) == {"dynamodb:GetItem", "dynamodb:UpdateItem"}


def test_ingestion_for_no_view_is_refused(features: StoreAccess) -> None:
    role = iam.Role(features, "Role", assumed_by=iam.AccountRootPrincipal())
    with pytest.raises(InputError, match="views must name at least one view"):
        features.grant_ingest(role, views=[])


def test_developing_writes_namespaces_and_neither_definitions_nor_items(
    features: StoreAccess,
) -> None:
    found = granted(StoreAccess.grant_develop, features)
    (writes,) = [each for each in found if "dynamodb:DeleteItem" in actions([each])]
    assert writes["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["dev", "dev#removal"]}
    }
    assert by_resource(found)[ONLINE] == {"dynamodb:BatchGetItem"}


def test_administering_runs_cuts_erases_and_signs(features: StoreAccess) -> None:
    found = by_resource(granted(StoreAccess.grant_administer, features))
    states = "arn:<Partition>:states:<Region>:<AccountId>"

    assert "states:StartExecution" in found[f"{states}:stateMachine:skewless-prod-materialize"]
    assert "dynamodb:DeleteItem" in found[ONLINE]
    assert "s3:DeleteObject" in found[f"{BUCKET}/log/*"]
    assert found["arn:<Partition>:kms:<Region>:<AccountId>:key/*"] == {
        "kms:GetPublicKey",
        "kms:Sign",
        "kms:Verify",
    }


def test_administering_signs_with_the_stores_key_alone(features: StoreAccess) -> None:
    statements = granted(StoreAccess.grant_administer, features)

    (signing,) = [each for each in statements if "kms:Sign" in actions([each])]
    assert signing["Condition"] == {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/skewless-prod-reports"}
    }


def test_administering_passes_on_the_stores_own_roles_alone(features: StoreAccess) -> None:
    found = by_resource(granted(StoreAccess.grant_administer, features))
    role = "arn:<Partition>:iam::<AccountId>:role/skewless-prod"

    assert {each for each, allowed in found.items() if "iam:PassRole" in allowed} == {
        f"{role}-optimizer",
        f"{role}-scheduler",
    }


@pytest.mark.parametrize(
    "grant",
    [
        StoreAccess.grant_serve,
        StoreAccess.grant_train,
        StoreAccess.grant_develop,
        StoreAccess.grant_ingest,
        StoreAccess.grant_administer,
    ],
)
def test_no_grant_has_a_wildcard_among_its_actions(features: StoreAccess, grant: Any) -> None:
    assert not [action for action in actions(granted(grant, features)) if "*" in action]


@pytest.mark.parametrize("views", [["*"], ["clicks*"], ["clicks@"], ["Clicks"], []])
def test_a_view_that_would_grant_more_than_it_says_is_refused(
    features: StoreAccess, views: list[str]
) -> None:
    with pytest.raises(InputError, match="view"):
        granted(lambda store, grantee: store.grant_serve(grantee, views=views), features)


@pytest.mark.parametrize("sources", [["*"], ["log/../"], []])
def test_a_source_that_would_grant_more_than_it_says_is_refused(
    features: StoreAccess, sources: list[str]
) -> None:
    with pytest.raises(InputError, match="sources"):
        granted(lambda store, grantee: store.grant_train(grantee, sources=sources), features)


def test_a_grant_can_be_asked_whether_it_was_given(features: StoreAccess) -> None:
    role = iam.Role(features, "Role", assumed_by=iam.AccountRootPrincipal())

    assert features.grant_serve(role).success
    assert features.grant_administer(role).success


ELSEWHERE = "arn:<Partition>:dynamodb:<Region>:210987654321:table/skewless-prod-online"


@pytest.fixture
def abroad(tmp_path: Path) -> StoreAccess:
    return FeatureStore.from_name(stack(tmp_path), "Features", "prod", account="210987654321")


def test_a_store_of_another_account_is_served_by_the_arn_of_its_table(abroad: StoreAccess) -> None:
    def grant(store: StoreAccess, grantee: iam.IGrantable) -> None:
        store.grant_serve(grantee, views=["clicks"])

    (statement,) = granted(grant, abroad)
    assert statement["Resource"] == ELSEWHERE
    assert statement["Action"] == "dynamodb:BatchGetItem"


@pytest.mark.parametrize(
    "grant",
    [
        lambda store, grantee: store.grant_serve(grantee, is_locked=False),
        StoreAccess.grant_train,
        StoreAccess.grant_develop,
        StoreAccess.grant_ingest,
        StoreAccess.grant_administer,
    ],
)
def test_a_store_of_another_account_is_for_serving_from_a_lock_alone(
    abroad: StoreAccess, grant: Callable[[StoreAccess, iam.IGrantable], object]
) -> None:
    with pytest.raises(InputError, match="210987654321 lets this one serve from a lock file alone"):
        granted(grant, abroad)


def test_an_account_is_an_id_of_twelve_digits(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'12345' must be an id of 12 digits"):
        FeatureStore.from_name(stack(tmp_path), "Features", "prod", account="12345")
