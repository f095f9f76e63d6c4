"""A bucket's lifecycle rules: CloudFormation's words for them are not S3's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation.failure import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROVIDED = frozenset(
    {
        "AbortIncompleteMultipartUpload",
        "ExpirationDate",
        "ExpirationInDays",
        "ExpiredObjectDeleteMarker",
        "Id",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionTransitions",
        "ObjectSizeGreaterThan",
        "ObjectSizeLessThan",
        "Prefix",
        "Status",
        "TagFilters",
        "Transitions",
    }
)


def put(s3: Any, bucket: str, rules: Sequence[Mapping[str, Any]]) -> None:
    """Set a bucket's rules, or take them all off."""
    if not rules:
        s3.delete_bucket_lifecycle(Bucket=bucket)
        return
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [_rule(rule) for rule in rules]}
    )


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    ignored = sorted(set(rule) - _PROVIDED)
    if ignored:
        raise ResourceError(f"The local AWS does not provide {', '.join(ignored)} of a rule")
    said: dict[str, Any] = {"Status": rule["Status"], "Filter": _filter(rule)}
    if "Id" in rule:
        said["ID"] = rule["Id"]
    expiration = _renamed(
        rule,
        ExpirationInDays="Days",
        ExpirationDate="Date",
        ExpiredObjectDeleteMarker="ExpiredObjectDeleteMarker",
    )
    if expiration:
        said["Expiration"] = expiration
    if "AbortIncompleteMultipartUpload" in rule:
        said["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    if "NoncurrentVersionExpiration" in rule:
        said["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    if "Transitions" in rule:
        said["Transitions"] = [
            _renamed(
                it, TransitionInDays="Days", TransitionDate="Date", StorageClass="StorageClass"
            )
            for it in rule["Transitions"]
        ]
    if "NoncurrentVersionTransitions" in rule:
        said["NoncurrentVersionTransitions"] = [
            _renamed(
                it,
                TransitionInDays="NoncurrentDays",
                NewerNoncurrentVersions="NewerNoncurrentVersions",
                StorageClass="StorageClass",
            )
            for it in rule["NoncurrentVersionTransitions"]
        ]
    return said


def _filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    tags = rule.get("TagFilters", [])
    said = _renamed(
        rule,
        Prefix="Prefix",
        ObjectSizeGreaterThan="ObjectSizeGreaterThan",
        ObjectSizeLessThan="ObjectSizeLessThan",
    )
    said = {key: int(it) if key.startswith("Object") else it for key, it in said.items()}
    if len(said) + len(tags) > 1:
        return {"And": {**said, **({"Tags": tags} if tags else {})}}
    return {"Tag": tags[0]} if tags else said or {"Prefix": ""}


def _renamed(stated: Mapping[str, Any], **names: str) -> dict[str, Any]:
    return {name: stated[key] for key, name in names.items() if key in stated}
