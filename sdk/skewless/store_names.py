"""The names of a store's resources, and their ARNs: fixed by the store's name alone.

Names are explicit, so that whoever knows the store's name finds all of it: the SDK, a team's own
stacks, and CloudFormation when it adopts data that outlived its stack. The stacks and the local AWS
make what is named here. The table of names is in docs/decisions/0007.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.aws import PARAMETER_PREFIX, Resources

if TYPE_CHECKING:
    from collections.abc import Iterator

# `skewless-<store>-<account>-<region>` names the bucket, and S3 takes 63 characters.
MAX_STORE_LENGTH = 26
_STORE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PARTITION_KEY, SORT_KEY = "pk", "sk"  # of both tables
EXPIRY = "e"  # an online item's attribute: from then on DynamoDB may delete it, epoch seconds


def store_name_problems(store: object) -> Iterator[str]:
    """Check the name of a store: one that is deployed, or may be."""
    if not isinstance(store, str) or not _STORE.fullmatch(store):
        yield (
            f"the store's name {store!r} must be lower case letters, digits and single hyphens, "
            "a letter first"
        )
    elif len(store) > MAX_STORE_LENGTH:
        yield f"the store's name {store!r} is longer than {MAX_STORE_LENGTH} characters"


def data_stack(store: str) -> str:
    """Return what the stack of a store's data is called."""
    return f"skewless-{store}-data"


def jobs_stack(store: str) -> str:
    """Return what the stack that runs a store's cuts is called."""
    return f"skewless-{store}-jobs"


def catalog_stack(store: str) -> str:
    """Return what the stack of a store's published catalog is called."""
    return f"skewless-{store}-catalog"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreNames:
    """The names of one store's resources, in one account and region.

    Account, region and partition may be tokens of CDK.
    """

    store: str
    account: str
    region: str
    partition: str

    @property
    def resources(self) -> Resources:
        """The names for the SDK, as the store's parameter holds them."""
        return Resources(
            store=self.store,
            bucket=f"{self.prefix}-{self.account}-{self.region}",
            database=f"skewless_{self.store.replace('-', '_')}",
            workgroup=self.prefix,
            online_table=f"{self.prefix}-online",
            registry_table=f"{self.prefix}-registry",
            engine="athena",
        )

    @property
    def prefix(self) -> str:
        """The prefix of most names; also the schedule group and the dashboard."""
        return f"skewless-{self.store}"

    @property
    def bucket(self) -> str:
        """The bucket of log and results."""
        return self.resources.bucket

    @property
    def database(self) -> str:
        """The Glue database of the log."""
        return self.resources.database

    @property
    def optimizer(self) -> str:
        """The role with which Glue compacts the log."""
        return f"{self.prefix}-optimizer"

    @property
    def report_alias(self) -> str:
        """The alias of the key that signs reports of erasure."""
        return f"alias/{self.prefix}-reports"

    @property
    def parameter(self) -> str:
        """The SSM parameter of what the store is made of."""
        return f"{PARAMETER_PREFIX}{self.store}"

    @property
    def jobs_parameter(self) -> str:
        """The SSM parameter of what runs its cuts."""
        return f"{self.parameter}/jobs"

    @property
    def catalog_parameter(self) -> str:
        """The SSM parameter of where its catalog is published."""
        return f"{self.parameter}/catalog"

    @property
    def state_machine(self) -> str:
        """The state machine that runs a cut."""
        return f"{self.prefix}-materialize"

    @property
    def schedule_group(self) -> str:
        """The group of the views' schedules, which `skewless apply` makes."""
        return self.prefix

    @property
    def scheduler(self) -> str:
        """The role with which schedules start cuts."""
        return f"{self.prefix}-scheduler"

    @property
    def failed_queue(self) -> str:
        """The queue of cuts that gave up."""
        return f"{self.prefix}-failed"

    def function(self, name: str) -> str:
        """Return what a function of the store is called."""
        return f"{self.prefix}-{name}"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the store's account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def bucket_arn(self, path: str = "") -> str:
        """Return the ARN of the bucket, or of a path in it."""
        arn = f"arn:{self.partition}:s3:::{self.bucket}"
        return f"{arn}/{path}" if path else arn

    def table_arn(self, table: str) -> str:
        """Return the ARN of a DynamoDB table."""
        return self.arn("dynamodb", f"table/{table}")

    def role_arn(self, role: str) -> str:
        """Return the ARN of a role; roles have no region."""
        return f"arn:{self.partition}:iam::{self.account}:role/{role}"
