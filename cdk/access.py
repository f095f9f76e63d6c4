"""A store as its users see it: grants by name, with exactly what each use needs."""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk import permissions
from cdk.acknowledgements import acknowledge_role
from cdk.names import account_problems, names_of
from cdk.parts import Part, arns
from skewless.definitions.version import Version
from skewless.errors import InputError
from skewless.online.address import LINE_PARTITION
from skewless.store_names import store_name_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skewless.store_names import StoreNames

_SOURCE = re.compile(r"[a-z][a-z0-9_]*")
_VIEW = re.compile(r"([a-z][a-z0-9_]*)(?:@(\d+(?:\.\d+)?))?")


class StoreAccess(Construct):
    """The store of a name, in this region, possibly in another app or account.

    Attributes:
        names: its resources' names.
        encryption_key: the customer-managed key of its data, if it has one.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        store: str,
        encryption_key: kms.IKey | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        if problems := (*store_name_problems(store), *account_problems(account)):
            raise InputError(f"{self.node.path}: {'; '.join(problems)}")
        self.names = names_of(self, store, account)
        self._is_foreign = account not in (None, cdk.Stack.of(self).account)
        self.encryption_key = encryption_key

    def grant_serve(
        self,
        grantee: iam.IGrantable,
        *,
        views: Iterable[str] | None = None,
        is_locked: bool = True,
    ) -> iam.Grant:
        """Let a function get feature vectors: one action, on one table.

        Args:
            grantee: the function, or its role.
            views: of these views alone, as `name`, `name@1` for a major version, or
                `name@1.2`, what came with that one; of all if None.
            is_locked: the function carries a lock file. Without one it reads the registry as well.
        """
        if not is_locked:
            self._refuse_foreign("serving without a lock file")
        role = permissions.SERVE if is_locked else permissions.SERVE_PUBLISHED
        keys = self._leading_keys(views)
        if keys is not None:
            # Which sources these views are of, a stack does not know. A line names no entity.
            keys = [*keys, f"{LINE_PARTITION}*"]
        return self._grant(grantee, role, leading_keys=keys)

    def grant_train(
        self, grantee: iam.IGrantable, *, sources: Iterable[str] | None = None
    ) -> iam.Grant:
        """Let a job build training sets: Athena or DuckDB, over the logs of these sources or all.

        A source of a table of its own lies outside the store: grant reading it beside this.
        """
        self._refuse_foreign("training")
        return self._grant(grantee, permissions.TRAIN, sources=_checked(sources))

    def grant_develop(
        self, grantee: iam.IGrantable, *, sources: Iterable[str] | None = None
    ) -> iam.Grant:
        """Let a person try definitions in namespaces: all of `grant_train`, and online reads.

        Cuts of a trial write items as cuts of published views do, and no policy can tell the two
        apart: whoever runs them needs `grant_administer`.
        """
        self._refuse_foreign("trying definitions")
        return self._grant(grantee, permissions.DEVELOP, sources=_checked(sources))

    def grant_ingest(
        self,
        grantee: iam.IGrantable,
        *,
        sources: Iterable[str] | None = None,
        views: Iterable[str] | None = None,
    ) -> iam.Grant:
        """Let a producer take in events and history of these sources, or all.

        Args:
            grantee: the producer's role.
            sources: whose logs and refused rows it reads and writes; all if None.
            views: whose online items it reads and writes, as `name` or `name@version`; of all views
                if None, whatever `sources` says. Name every view of the sources, since what is
                ingested is applied to all of them at once.
        """
        self._refuse_foreign("ingesting")
        keys = self._leading_keys(views)
        return self._grant(
            grantee, permissions.INGEST, sources=_checked(sources), leading_keys=keys
        )

    def grant_administer(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a person or pipeline publish definitions, run cuts, and erase."""
        self._refuse_foreign("administering")
        return self._grant(grantee, permissions.ADMINISTER).combine(self._grant_reports(grantee))

    def _leading_keys(self, views: Iterable[str] | None) -> list[str] | None:
        if views is None:
            return None
        if keys := sorted({key for view in views for key in _leading_keys(view)}):
            return keys
        raise InputError(f"{self.node.path}: views must name at least one view")

    def _refuse_foreign(self, use: str) -> None:
        """Other accounts may read features by a lock file: the table's own policy says so."""
        if self._is_foreign:
            raise InputError(
                f"{self.node.path}: {use} is for the store's own account; account "
                f"{self.names.account} lets this one serve from a lock file alone. Assume a role "
                "there that was granted it"
            )

    def _grant_reports(self, grantee: iam.IGrantable) -> iam.Grant:
        """A key has no ARN by name, so the statement names it by its alias."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(permissions.SIGN_REPORTS),
            resource_arns=[self.names.arn("kms", "key/*")],
            conditions={
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": self.names.report_alias}
            },
        )

    def _grant(
        self,
        grantee: iam.IGrantable,
        role: permissions.Role,
        *,
        sources: tuple[str, ...] | None = None,
        leading_keys: list[str] | None = None,
    ) -> iam.Grant:
        grants = [
            iam.Grant.add_to_principal(grantee=grantee, **statement)
            for statement in statements(role, self.names, sources, leading_keys)
        ]
        if self.encryption_key is not None and role.key_actions:
            grants.append(self.encryption_key.grant(grantee, *role.key_actions))
        return reduce(lambda one, other: one.combine(other), grants)


def statements(
    role: permissions.Role,
    names: StoreNames,
    sources: tuple[str, ...] | None = None,
    leading_keys: list[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Return a role's statements: actions, resource_arns and conditions."""
    for permission in role.permissions:
        resources = [arn for part in permission.on for arn in arns(part, names, sources)]
        if not resources:
            continue
        statement: dict[str, Any] = {
            "actions": list(permission.actions),
            "resource_arns": resources,
        }
        if permission.prefixes:
            statement["conditions"] = {"StringLike": {"s3:prefix": list(permission.prefixes)}}
        partitions = list(permission.partitions)
        if permission.partition_of_source:
            partitions = [permission.partition_of_source + name for name in sources or ("*",)]
        if permission.partition_of_view:
            partitions = [permission.partition_of_view + key for key in leading_keys or ("*",)]
        is_of_views = Part.ONLINE in permission.on and not permission.partition_of_source
        if leading_keys is not None and is_of_views:
            partitions = leading_keys
        if partitions:
            statement["conditions"] = {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": partitions}
            }
        yield statement


def allow(
    part: iam.Role,
    role: permissions.Role,
    names: StoreNames,
    encryption_key: kms.IKey | None = None,
) -> None:
    """Grant a part of the store itself what its role needs."""
    for statement in statements(role, names):
        iam.Grant.add_to_principal(grantee=part, **statement).assert_success()
    if encryption_key is not None and role.key_actions:
        encryption_key.grant(part, *role.key_actions)
    acknowledge_role(part, role, names)


def _leading_keys(view: str) -> list[str]:
    """Partitions begin with `<view>@<version>#`; a name or a major stands for all its versions."""
    match = _VIEW.fullmatch(view)
    if match is None:
        raise InputError(f"views: {view!r} is no view; name one as 'clicks' or 'clicks@2'")
    name, version = match.groups()
    if version is None:
        return [f"{name}@*"]
    of_major = [] if "." in version else [f"{name}@{version}.*"]
    return [f"{name}@{Version.parse(version)}#*", *of_major]


def _checked(sources: Iterable[str] | None) -> tuple[str, ...] | None:
    if sources is None:
        return None
    names = tuple(sorted(set(sources)))
    # A wildcard in a name would grant more than the line shows.
    if wrong := [name for name in names if not _SOURCE.fullmatch(name)]:
        raise InputError(f"sources: {', '.join(map(repr, wrong))} cannot be names of sources")
    if not names:
        raise InputError("sources must name at least one source; leave it out to grant all")
    return names
