"""S3: buckets and their policies."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType
from localaws.deploy.cloudformation.services import s3_lifecycle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource


class Bucket(ResourceType):
    """A bucket with the settings that are about safety and cost."""

    name = "AWS::S3::Bucket"
    properties = frozenset(
        {
            "AccessControl",
            "BucketEncryption",
            "BucketName",
            "LifecycleConfiguration",
            "LoggingConfiguration",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        }
    )

    def create(self, resource: Resource) -> str:
        """Make the bucket."""
        name, region = _name(resource), resource.place.region
        # us-east-1 is the one region that must not be named.
        elsewhere = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        resource.client("s3").create_bucket(Bucket=name, **elsewhere)
        return name

    def configure(self, resource: Resource) -> None:
        """Set each setting that the template states."""
        _set(resource, before={})

    def update(self, resource: Resource, before: Resource) -> None:
        """Set each setting that differs; one the template no longer states is as by default."""
        _set(resource, before=before.properties)

    def delete(self, resource: Resource) -> None:
        """Delete the bucket, which S3 refuses unless it is empty."""
        resource.client("s3").delete_bucket(Bucket=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The bucket of that name."""
        resource.client("s3").head_bucket(Bucket=_name(resource))
        return _name(resource)

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN and its names in the domain system."""
        name, place = resource.physical_id, resource.place
        return {
            "Arn": f"arn:{place.partition}:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{place.region}.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{place.region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website-{place.region}.amazonaws.com",
        }


class BucketPolicy(ResourceType):
    """A bucket's policy.

    All of it is stored but the statement that denies what comes without TLS: moto enforces
    policies, and this server speaks plain HTTP, so that nobody could reach the bucket.
    """

    name = "AWS::S3::BucketPolicy"
    properties = frozenset({"Bucket", "PolicyDocument"})

    def create(self, resource: Resource) -> str:
        """Name the policy, which has no name of its own."""
        return str(resource.properties["Bucket"])

    def configure(self, resource: Resource) -> None:
        """Set the policy whole."""
        s3, bucket = resource.client("s3"), resource.physical_id
        policy = _without_tls_only(resource.properties["PolicyDocument"])
        if policy["Statement"]:
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        else:
            s3.delete_bucket_policy(Bucket=bucket)

    def delete(self, resource: Resource) -> None:
        """Take the policy off its bucket."""
        resource.client("s3").delete_bucket_policy(Bucket=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The policy that the bucket has."""
        bucket: str = resource.properties["Bucket"]
        resource.client("s3").get_bucket_policy(Bucket=bucket)
        return bucket


def _name(resource: Resource) -> str:
    return resource.properties.get("BucketName") or resource.named("BucketName", 63).lower()


def _set(resource: Resource, before: Mapping[str, Any]) -> None:
    s3, bucket = resource.client("s3"), resource.physical_id
    changed = {
        key: resource.properties.get(key)
        for key in {*resource.properties, *before}
        if resource.properties.get(key) != before.get(key)
    }
    if "VersioningConfiguration" in changed:
        # Versioning once on can only be suspended.
        versioning = changed["VersioningConfiguration"] or {"Status": "Suspended"}
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=versioning)
    if "LifecycleConfiguration" in changed:
        stated = changed["LifecycleConfiguration"]
        s3_lifecycle.put(s3, bucket, (stated or {}).get("Rules", []))
    if "BucketEncryption" in changed:
        _set_encryption(s3, bucket, changed["BucketEncryption"])
    if "PublicAccessBlockConfiguration" in changed:
        _set_public_access(s3, bucket, changed["PublicAccessBlockConfiguration"])
    if changed.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls=changed["OwnershipControls"]
        )
    if "AccessControl" in changed:
        s3.put_bucket_acl(Bucket=bucket, ACL=_canned(changed["AccessControl"] or "Private"))
    if "LoggingConfiguration" in changed:
        _set_logging(s3, bucket, changed["LoggingConfiguration"])
    if "Tags" in changed:
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags.as_list(resource)})


def _canned(access: str) -> str:
    """S3's name of an access list: `LogDeliveryWrite` is `log-delivery-write`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", access).lower()


def _set_logging(s3: Any, bucket: str, stated: Mapping[str, Any] | None) -> None:
    status = {}
    if stated:
        status["LoggingEnabled"] = {
            "TargetBucket": stated.get("DestinationBucketName", bucket),
            "TargetPrefix": stated.get("LogFilePrefix", ""),
        }
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=status)


def _set_encryption(s3: Any, bucket: str, stated: Mapping[str, Any] | None) -> None:
    if not stated:
        s3.delete_bucket_encryption(Bucket=bucket)
        return
    rules = []
    for rule in stated["ServerSideEncryptionConfiguration"]:
        rule = dict(rule)  # noqa: PLW2901 the template's own is not ours to change
        default = rule.pop("ServerSideEncryptionByDefault", None)
        rules.append(
            {**rule, **({"ApplyServerSideEncryptionByDefault": default} if default else {})}
        )
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _set_public_access(s3: Any, bucket: str, stated: Mapping[str, Any] | None) -> None:
    if stated:
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=stated)
    else:
        s3.delete_public_access_block(Bucket=bucket)


def _without_tls_only(policy: Mapping[str, Any]) -> dict[str, Any]:
    stated = policy["Statement"]
    statements = [stated] if isinstance(stated, dict) else stated
    return {**policy, "Statement": [it for it in statements if not _is_tls_only(it)]}


# What a request over plain http lacks.
_OF_TLS = frozenset({"aws:SecureTransport", "s3:TlsVersion"})


def _is_tls_only(statement: Mapping[str, Any]) -> bool:
    keys = {key for condition in (statement.get("Condition") or {}).values() for key in condition}
    return statement.get("Effect") == "Deny" and bool(keys & _OF_TLS)
