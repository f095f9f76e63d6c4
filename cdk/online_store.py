"""The table of online items, from which feature vectors are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk import permissions
from cdk.retention import removal_policy
from skewless.store_names import EXPIRY, PARTITION_KEY, SORT_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms

    from skewless.store_names import StoreNames


def store_table(
    scope: Construct,
    id: str,
    *,
    table_name: str,
    encryption_key: kms.IKey | None,
    may_be_destroyed: bool,
    ttl_attribute: str | None = None,
    resource_policy: iam.PolicyDocument | None = None,
) -> dynamodb.TableV2:
    """Make a table of the store: on demand, with the keys `pk` and `sk`, kept and protected."""
    return dynamodb.TableV2(
        scope,
        id,
        table_name=table_name,
        partition_key=dynamodb.Attribute(name=PARTITION_KEY, type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name=SORT_KEY, type=dynamodb.AttributeType.STRING),
        billing=dynamodb.Billing.on_demand(),
        # DynamoDB's own key lets other accounts read what the policy allows; `aws/dynamodb` is
        # an account's own and would not.
        encryption=dynamodb.TableEncryptionV2.dynamo_owned_key()
        if encryption_key is None
        else dynamodb.TableEncryptionV2.customer_managed_key(encryption_key),
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=not may_be_destroyed,
        removal_policy=removal_policy(may_be_destroyed=may_be_destroyed),
        time_to_live_attribute=ttl_attribute,
        resource_policy=resource_policy,
    )


class OnlineStore(Construct):
    """The online table; other accounts may be allowed to read feature vectors from it.

    Attributes:
        table: the table.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StoreNames,
        encryption_key: kms.IKey | None = None,
        reader_accounts: Sequence[str] = (),
        may_be_destroyed: bool = False,
    ) -> None:
        super().__init__(scope, id)
        self.table = store_table(
            self,
            "Table",
            table_name=names.resources.online_table,
            encryption_key=encryption_key,
            may_be_destroyed=may_be_destroyed,
            ttl_attribute=EXPIRY,
            resource_policy=_readers(names, reader_accounts) if reader_accounts else None,
        )
        if encryption_key is not None:
            for account in reader_accounts:
                encryption_key.grant(iam.AccountPrincipal(account), *permissions.SERVE.key_actions)


def _readers(names: StoreNames, accounts: Sequence[str]) -> iam.PolicyDocument:
    (serve,) = permissions.SERVE.permissions
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                sid="FeatureReaders",
                principals=[iam.AccountPrincipal(account) for account in accounts],
                actions=list(serve.actions),
                # By name: a policy that referred to its own table would be circular.
                resources=[names.table_arn(names.resources.online_table)],
            )
        ]
    )
