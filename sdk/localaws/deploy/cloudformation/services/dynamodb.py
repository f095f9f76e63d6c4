"""DynamoDB: tables, by the type that the CDK's TableV2 uses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation.failure import ResourceError
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_OF_REPLICA = frozenset(
    {
        "ContributorInsightsSpecification",
        "DeletionProtectionEnabled",
        "PointInTimeRecoverySpecification",
        "Region",
        "ResourcePolicy",
        "SSESpecification",
        "TableClass",
        "Tags",
    }
)


class GlobalTable(ResourceType):
    """A table with one replica, which is the table itself."""

    name = "AWS::DynamoDB::GlobalTable"
    properties = frozenset(
        {
            "AttributeDefinitions",
            "BillingMode",
            "GlobalSecondaryIndexes",
            "KeySchema",
            "LocalSecondaryIndexes",
            "Replicas",
            "SSESpecification",
            "StreamSpecification",
            "TableName",
            "TimeToLiveSpecification",
        }
    )

    def create(self, resource: Resource) -> str:
        """Make the table."""
        replica = _replica(resource)
        made = resource.client("dynamodb").create_table(
            **_keys(resource),
            TableName=resource.named("TableName", 255),
            BillingMode=_billing(resource),
            StreamSpecification=_stream(resource),
            DeletionProtectionEnabled=replica.get("DeletionProtectionEnabled", False),
            Tags=replica.get("Tags", []),
            **_encryption(resource, replica),
            **({"TableClass": replica["TableClass"]} if "TableClass" in replica else {}),
        )
        name: str = made["TableDescription"]["TableName"]
        return name

    def configure(self, resource: Resource) -> None:
        """Set what no table is made with: time to live, and recovery."""
        dynamodb, name = resource.client("dynamodb"), resource.physical_id
        ttl = resource.properties.get("TimeToLiveSpecification")
        if ttl:
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
        if policy := _policy(resource):
            dynamodb.put_resource_policy(ResourceArn=_arn(resource), Policy=policy)
        recovery = _replica(resource).get("PointInTimeRecoverySpecification")
        if recovery:
            dynamodb.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification=recovery
            )

    def update(self, resource: Resource, before: Resource) -> None:
        """Change what differs, since DynamoDB refuses to be told what it is already."""
        _update_table(resource, before)
        _update_ttl(resource, before)
        _update_recovery(resource, before)
        _update_policy(resource, before)
        _update_tags(resource, before)

    def delete(self, resource: Resource) -> None:
        """Delete the table, unless it is protected from that."""
        resource.client("dynamodb").delete_table(TableName=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The table of that name."""
        found = resource.client("dynamodb").describe_table(
            TableName=resource.named("TableName", 255)
        )
        name: str = found["Table"]["TableName"]
        return name

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN, its id and, if it has one, its stream's ARN."""
        found = resource.client("dynamodb").describe_table(TableName=resource.physical_id)["Table"]
        named = {"Arn": "TableArn", "StreamArn": "LatestStreamArn", "TableId": "TableId"}
        return {name: found[key] for name, key in named.items() if key in found}


def _replica(resource: Resource) -> dict[str, Any]:
    region = resource.place.region
    replicas: list[dict[str, Any]] = resource.properties.get("Replicas", [])
    if [replica.get("Region") for replica in replicas] != [region]:
        raise ResourceError(f"The local AWS has tables with one replica, in {region}")
    ignored = sorted(set(replicas[0]) - _OF_REPLICA)
    if ignored:
        raise ResourceError(f"The local AWS does not provide {', '.join(ignored)} of a replica")
    return replicas[0]


def _billing(resource: Resource) -> str:
    mode: str = resource.properties.get("BillingMode", "PROVISIONED")
    if mode != "PAY_PER_REQUEST":
        raise ResourceError("The local AWS has tables of BillingMode PAY_PER_REQUEST only")
    return mode


def _keys(resource: Resource) -> dict[str, Any]:
    stated = resource.given("AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes")
    if "GlobalSecondaryIndexes" in resource.properties:
        stated["GlobalSecondaryIndexes"] = [
            {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
            for index in resource.properties["GlobalSecondaryIndexes"]
        ]
    return stated


def _stream(resource: Resource) -> dict[str, Any]:
    stated = resource.properties.get("StreamSpecification")
    return {"StreamEnabled": True, **stated} if stated else {"StreamEnabled": False}


def _encryption(resource: Resource, replica: Mapping[str, Any]) -> dict[str, Any]:
    stated = resource.properties.get("SSESpecification")
    if not stated:
        return {}
    encryption = {"Enabled": stated["SSEEnabled"]}
    if stated.get("SSEType"):
        encryption["SSEType"] = stated["SSEType"]
    key = (replica.get("SSESpecification") or {}).get("KMSMasterKeyId")
    return {"SSESpecification": {**encryption, **({"KMSMasterKeyId": key} if key else {})}}


def _update_table(resource: Resource, before: Resource) -> None:
    _billing(resource)
    changes: dict[str, Any] = {}
    protected = _replica(resource).get("DeletionProtectionEnabled", False)
    if protected != _replica(before).get("DeletionProtectionEnabled", False):
        changes["DeletionProtectionEnabled"] = protected
    if _stream(resource) != _stream(before):
        changes["StreamSpecification"] = _stream(resource)
    encryption = _encryption(resource, _replica(resource))
    if encryption != _encryption(before, _replica(before)):
        changes |= encryption or {"SSESpecification": {"Enabled": False}}
    table_class = _replica(resource).get("TableClass", "STANDARD")
    if table_class != _replica(before).get("TableClass", "STANDARD"):
        changes["TableClass"] = table_class
    indexes = _index_changes(resource, before)
    if indexes:
        changes["GlobalSecondaryIndexUpdates"] = indexes
        changes["AttributeDefinitions"] = resource.properties["AttributeDefinitions"]
    # One call a change: AWS allows no more for streams and indexes.
    for key in [key for key in changes if key != "AttributeDefinitions"]:
        asked = {name: changes[name] for name in (key, "AttributeDefinitions") if name in changes}
        resource.client("dynamodb").update_table(TableName=resource.physical_id, **asked)


def _index_changes(resource: Resource, before: Resource) -> list[dict[str, Any]]:
    after = {it["IndexName"]: it for it in _keys(resource).get("GlobalSecondaryIndexes", [])}
    was = {it["IndexName"]: it for it in _keys(before).get("GlobalSecondaryIndexes", [])}
    changed = {name for name in after if name in was and after[name] != was[name]}
    if changed:
        raise ResourceError(f"Indexes cannot be changed in place: {', '.join(sorted(changed))}")
    return [
        *({"Delete": {"IndexName": name}} for name in was if name not in after),
        *({"Create": index} for name, index in after.items() if name not in was),
    ]


def _update_ttl(resource: Resource, before: Resource) -> None:
    after = resource.properties.get("TimeToLiveSpecification")
    was = before.properties.get("TimeToLiveSpecification")
    if after != was:
        off = {"Enabled": False, "AttributeName": (was or {}).get("AttributeName", "")}
        resource.client("dynamodb").update_time_to_live(
            TableName=resource.physical_id, TimeToLiveSpecification=after or off
        )


def _update_recovery(resource: Resource, before: Resource) -> None:
    key = "PointInTimeRecoverySpecification"
    after, was = _replica(resource).get(key), _replica(before).get(key)
    if after != was:
        resource.client("dynamodb").update_continuous_backups(
            TableName=resource.physical_id,
            PointInTimeRecoverySpecification=after or {"PointInTimeRecoveryEnabled": False},
        )


def _arn(resource: Resource) -> str:
    return resource.place.arn("dynamodb", f"table/{resource.physical_id}")


def _policy(resource: Resource) -> str | None:
    stated = _replica(resource).get("ResourcePolicy")
    return json.dumps(stated["PolicyDocument"]) if stated else None


def _update_policy(resource: Resource, before: Resource) -> None:
    dynamodb, after = resource.client("dynamodb"), _policy(resource)
    if after == _policy(before):
        return
    if after is None:
        dynamodb.delete_resource_policy(ResourceArn=_arn(resource))
    else:
        dynamodb.put_resource_policy(ResourceArn=_arn(resource), Policy=after)


def _update_tags(resource: Resource, before: Resource) -> None:
    dynamodb = resource.client("dynamodb")
    arn = _arn(resource)
    after, was = (
        {tag["Key"]: tag["Value"] for tag in _replica(it).get("Tags", [])}
        for it in (resource, before)
    )
    if set(was) - set(after):
        dynamodb.untag_resource(ResourceArn=arn, TagKeys=sorted(set(was) - set(after)))
    if after != was and after:
        dynamodb.tag_resource(
            ResourceArn=arn, Tags=[{"Key": key, "Value": it} for key, it in after.items()]
        )
