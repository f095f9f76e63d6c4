"""The half of a store that must survive: tables, bucket, database, parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk.offline_store import OfflineStore
from cdk.online_store import OnlineStore
from cdk.registry import RegistryTable
from cdk.retention import may_destroy, removal_policy
from skewless.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.store_names import StoreNames


class StoreData(Construct):
    """The stateful half of a store.

    Attributes:
        online: the table of online items.
        registry: the table of definitions.
        offline: bucket, database, workgroup, and the role that compacts.
        report_key: signs reports of erasure; nobody, not even AWS, reads the private half.
        may_be_destroyed: whether both keys to that are there.
    """

    def __init__(  # noqa: PLR0913 - each a property of the store
        self,
        scope: Construct,
        id: str,
        *,
        names: StoreNames,
        encryption_key: kms.IKey | None = None,
        reader_accounts: Sequence[str] = (),
        scan_limit_gb: int = 1_000,
        is_versioned: bool = False,
        is_disposable: bool = False,
    ) -> None:
        super().__init__(scope, id)
        if encryption_key is not None and cdk.Token.is_unresolved(names.region):
            raise InputError(
                f"{self.node.path}: encryption_key needs a stack whose env names a region, since "
                "DynamoDB's table names the key of each replica: "
                "Stack(app, ..., env=Environment(region='eu-central-1'))"
            )
        destroys = self.may_be_destroyed = may_destroy(self, is_disposable=is_disposable)
        self.online = OnlineStore(
            self,
            "Online",
            names=names,
            encryption_key=encryption_key,
            reader_accounts=reader_accounts,
            may_be_destroyed=destroys,
        )
        self.registry = RegistryTable(
            self,
            "Registry",
            names=names,
            encryption_key=encryption_key,
            may_be_destroyed=destroys,
        )
        self.offline = OfflineStore(
            self,
            "Offline",
            names=names,
            encryption_key=encryption_key,
            scan_limit_gb=scan_limit_gb,
            is_versioned=is_versioned,
            may_be_destroyed=destroys,
        )
        # The alias goes with the stack, but the key stays, so old reports can always be verified.
        self.report_key = kms.Key(
            self,
            "Reports",
            alias=names.report_alias,
            description=f"Signs reports of erasure of the skewless store {names.store}",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            removal_policy=removal_policy(may_be_destroyed=destroys),
        )
        self._tell(names)

    def _tell(self, names: StoreNames) -> None:
        """Write the parameter that `FeatureStore.connect` reads."""
        document = {
            **names.resources.document(),
            "optimizer_role": self.offline.optimizer_role.role_arn,
            "report_key": self.report_key.key_arn,
        }
        parameter = ssm.StringParameter(
            self,
            "Parameter",
            parameter_name=names.parameter,
            description=f"What the skewless store {names.store} is made of",
            string_value=cdk.Stack.of(self).to_json_string(document),
        )
        # The parameter comes last, so that everything it names exists.
        parameter.node.add_dependency(self.online, self.registry, self.offline)
