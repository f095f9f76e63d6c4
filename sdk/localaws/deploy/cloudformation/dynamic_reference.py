"""Dynamic references: `{{resolve:service:key}}` in a text, replaced by the service's value."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.deploy.cloudformation.failure import ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable

_PATTERN = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


def replace_in(text: str, client: Callable[[str], Any]) -> str:
    """The text with the values that its references name."""
    if "{{resolve:" not in text:
        return text
    return _PATTERN.sub(lambda found: _value(found[1], found[2], client), text)


def parameter(name: str, client: Callable[[str], Any]) -> str:
    """The value of a parameter of Systems Manager, as template parameters name it."""
    try:
        found = client("ssm").get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        raise ResourceError(f"Unable to fetch parameters [{name}] from parameter store") from error
    value: str = found["Parameter"]["Value"]
    return value


def _value(service: str, key: str, client: Callable[[str], Any]) -> str:
    return _secret(key, client) if service == "secretsmanager" else parameter(key, client)


def _secret(key: str, client: Callable[[str], Any]) -> str:
    # secret-id:SecretString:json-key:version-stage:version-id; an ARN has colons of its own.
    secret, _, rest = key.partition(":SecretString")
    try:
        text: str = client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    except ClientError as error:
        raise ResourceError(f"Secrets Manager can't find the secret {secret}") from error
    field = rest.removeprefix(":").split(":")[0]
    return str(json.loads(text)[field]) if field else text
