"""Lambda: functions, what their code is, and their layers and versions."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_SETTINGS = (
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
)
# What a function is when its template no longer says.
_DEFAULTS: Mapping[str, Any] = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "Layers": [],
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
_LAYER = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")


class Function(ResourceType):
    """A function."""

    name = "AWS::Lambda::Function"
    properties = frozenset(
        {
            "Architectures",
            "Code",
            "FunctionName",
            "KmsKeyArn",
            "PackageType",
            "ReservedConcurrentExecutions",
            "Tags",
            *_SETTINGS,
        }
    )

    def create(self, resource: Resource) -> str:
        """Make the function."""
        made = resource.client("lambda").create_function(
            FunctionName=resource.named("FunctionName"),
            Code=_code(resource),
            Tags=tags.as_mapping(resource),
            **resource.given("Architectures", "PackageType", *_SETTINGS),
            **_key(resource),
        )
        name: str = made["FunctionName"]
        return name

    def configure(self, resource: Resource) -> None:
        """Set how many may run at once."""
        reserved = resource.properties.get("ReservedConcurrentExecutions")
        if reserved is not None:
            resource.client("lambda").put_function_concurrency(
                FunctionName=resource.physical_id, ReservedConcurrentExecutions=reserved
            )

    def update(self, resource: Resource, before: Resource) -> None:
        """Set what differs; code by a call of its own."""
        functions, name = resource.client("lambda"), resource.physical_id
        if resource.given("Code", "Architectures") != before.given("Code", "Architectures"):
            architectures = resource.properties.get("Architectures", ["x86_64"])
            functions.update_function_code(
                FunctionName=name, Architectures=architectures, **_code(resource)
            )
        gone = {key: it for key, it in _DEFAULTS.items() if key in before.properties}
        functions.update_function_configuration(
            FunctionName=name, **{**gone, **resource.given(*_SETTINGS), **_key(resource)}
        )
        limited = "ReservedConcurrentExecutions"
        if limited in before.properties and limited not in resource.properties:
            functions.delete_function_concurrency(FunctionName=name)
        arn = resource.place.arn("lambda", f"function:{name}")
        if tags.dropped(resource, before):
            functions.untag_resource(Resource=arn, TagKeys=tags.dropped(resource, before))
        if tags.as_mapping(resource):
            functions.tag_resource(Resource=arn, Tags=tags.as_mapping(resource))
        self.configure(resource)

    def delete(self, resource: Resource) -> None:
        """Delete the function with its versions; what it logged stays."""
        resource.client("lambda").delete_function(FunctionName=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The function of that name."""
        found = resource.client("lambda").get_function_configuration(
            FunctionName=resource.named("FunctionName")
        )
        name: str = found["FunctionName"]
        return name

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN."""
        return {"Arn": resource.place.arn("lambda", f"function:{resource.physical_id}")}


class Version(ResourceType):
    """A function as it is when the version is published."""

    name = "AWS::Lambda::Version"
    properties = frozenset({"CodeSha256", "Description", "FunctionName"})

    def create(self, resource: Resource) -> str:
        """Publish the version."""
        made = resource.client("lambda").publish_version(
            **resource.given("CodeSha256", "Description", "FunctionName")
        )
        arn: str = made["FunctionArn"]
        return arn

    def delete(self, resource: Resource) -> None:
        """Delete the version alone."""
        name, number = resource.physical_id.rsplit(":", 1)
        resource.client("lambda").delete_function(FunctionName=name, Qualifier=number)

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its number and ARN."""
        arn = resource.physical_id
        return {"Version": arn.rsplit(":", 1)[1], "FunctionArn": arn}


class LayerVersion(ResourceType):
    """A version of a layer."""

    name = "AWS::Lambda::LayerVersion"
    properties = frozenset({"Content", "LayerName", *_LAYER})

    def create(self, resource: Resource) -> str:
        """Publish the version."""
        content = resource.properties["Content"]
        made = resource.client("lambda").publish_layer_version(
            LayerName=resource.named("LayerName"), Content=content, **resource.given(*_LAYER)
        )
        arn: str = made["LayerVersionArn"]
        return arn

    def delete(self, resource: Resource) -> None:
        """Delete the version."""
        layer, number = resource.physical_id.rsplit(":", 1)
        resource.client("lambda").delete_layer_version(LayerName=layer, VersionNumber=int(number))

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN."""
        return {"LayerVersionArn": resource.physical_id}


def _key(resource: Resource) -> dict[str, str]:
    key = resource.properties.get("KmsKeyArn")
    return {"KMSKeyArn": key} if key else {}


def _code(resource: Resource) -> dict[str, Any]:
    code = dict(resource.properties["Code"])
    if "ZipFile" in code:
        code["ZipFile"] = _zipped(code["ZipFile"], resource.properties.get("Runtime", ""))
    return code


def _zipped(source: str, runtime: str) -> bytes:
    """A package of one file, as CloudFormation makes of code that is written in a template."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        # A fixed time: the same source must be the same package.
        entry = zipfile.ZipInfo("index.js" if runtime.startswith("nodejs") else "index.py")
        entry.external_attr = 0o644 << 16
        package.writestr(entry, source)
    return packed.getvalue()
