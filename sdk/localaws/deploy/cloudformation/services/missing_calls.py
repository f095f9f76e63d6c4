"""Calls and settings that CloudFormation's types need and moto's services lack."""

from __future__ import annotations

import functools
import json
from typing import Any

import moto.core.responses as moto_responses
from moto.athena.responses import AthenaResponse
from moto.awslambda.models import LambdaFunction
from moto.cloudtrail.responses import CloudTrailResponse
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.exceptions import JsonRESTError
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

_REMOVALS = {"RemoveBytesScannedCutoffPerQuery": "BytesScannedCutoffPerQuery"}
_FORGOTTEN = ("DeadLetterConfig", "LoggingConfig")
_KEPT = "_localaws_settings"


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    athena: Any = AthenaResponse
    athena.update_work_group = _update_work_group
    # What failed is looked up in the trail; none is kept here, so that it has no events.
    trail: Any = CloudTrailResponse
    trail.lookup_events = lambda _: json.dumps({"Events": []})
    _complete_cloudwatch()
    _keep_settings_of_functions()
    _know_policies_of_aws()
    # The local AWS keeps which calls a service has, and one of these may have been asked already.
    module: Any = moto_responses
    getattr(module.method_names_from_class, "cache_clear", lambda: None)()


def _update_work_group(response: Any) -> str:
    name = response._get_param("WorkGroup")
    group = response.athena_backend.work_groups.get(name)
    if group is None:
        raise JsonRESTError("InvalidRequestException", f"WorkGroup {name} is not found.")
    updates = dict(response._get_param("ConfigurationUpdates") or {})
    results = updates.pop("ResultConfigurationUpdates", None)
    if results is not None:
        updates["ResultConfiguration"] = results
    for removal, key in _REMOVALS.items():
        if updates.pop(removal, False):
            group.configuration.pop(key, None)
    group.configuration.update(updates)
    if response._get_param("Description") is not None:
        group.description = response._get_param("Description")
    group.state = response._get_param("State") or group.state
    return json.dumps({})


def _complete_cloudwatch() -> None:
    response: Any = CloudWatchResponse
    backend: Any = CloudWatchBackend
    put, tag = response.put_dashboard, backend.tag_resource

    def put_dashboard(self: Any) -> Any:
        answer = put(self)
        tags = self._get_param("Tags", [])
        if tags:
            made = self.cloudwatch_backend.dashboards[self._get_param("DashboardName")]
            self.cloudwatch_backend.tagger.tag_resource(made.arn, tags)
        return answer

    def tag_resource(self: Any, arn: str, tags: dict[str, str]) -> None:
        if arn in {dashboard.arn for dashboard in self.dashboards.values()}:
            self.tagger.tag_resource(arn, self.tagger.convert_dict_to_tags_input(tags))
        else:
            tag(self, arn, tags)

    # moto's alarms have rules, but only the call for metric alarms sets them.
    response.put_composite_alarm = lambda self: self.put_metric_alarm()
    response.put_dashboard = put_dashboard
    backend.tag_resource = tag_resource


def _keep_settings_of_functions() -> None:
    function: Any = LambdaFunction
    make, describe = function.__init__, function.get_configuration
    configure, code = function.update_configuration, function.update_function_code

    def construct(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kw: Any) -> None:
        make(self, account_id, spec, *args, **kw)
        setattr(self, _KEPT, {key: spec[key] for key in _FORGOTTEN if key in spec})

    def get_configuration(self: Any, *args: Any, **named: Any) -> dict[str, Any]:
        return {**getattr(self, _KEPT, {}), **describe(self, *args, **named)}

    def update_configuration(self: Any, updates: dict[str, Any]) -> dict[str, Any]:
        kept = {key: updates[key] for key in _FORGOTTEN if key in updates}
        setattr(self, _KEPT, {**getattr(self, _KEPT, {}), **kept})
        self.tracing_config = updates.get("TracingConfig", self.tracing_config)
        self.kms_key_arn = updates.get("KMSKeyArn", self.kms_key_arn)
        if "EphemeralStorage" in updates:
            self.ephemeral_storage = updates["EphemeralStorage"]["Size"]
        configure(self, updates)
        described: dict[str, Any] = self.get_configuration()
        return described

    def update_function_code(self: Any, updates: dict[str, Any]) -> dict[str, Any]:
        if updates.get("Architectures"):
            self.architectures = updates["Architectures"]
        answer: dict[str, Any] = code(self, updates)
        return answer

    function.__init__ = construct
    function.get_configuration = get_configuration
    function.update_configuration = update_configuration
    function.update_function_code = update_function_code


def _know_policies_of_aws() -> None:
    """Let roles attach AWS's own policies, such as the one that lets a function write its log.

    moto loads all of them or none: a thousand, for three seconds.
    """
    backend: Any = IAMBackend
    attach, get = backend.attach_role_policy, backend.get_policy

    def attach_role_policy(self: Any, policy_arn: str, role_name: str) -> None:
        _add_policy_of_aws(self, policy_arn)
        attach(self, policy_arn, role_name)

    def get_policy(self: Any, policy_arn: str) -> Any:
        _add_policy_of_aws(self, policy_arn)
        return get(self, policy_arn)

    backend.attach_role_policy = attach_role_policy
    backend.get_policy = get_policy


def _add_policy_of_aws(backend: Any, arn: str) -> None:
    name = arn.rsplit("/", 1)[-1]
    if ":iam::aws:policy/" in arn and arn not in backend.managed_policies:
        stated = _policies_of_aws().get(name)
        if stated:
            policy: Any = AWSManagedPolicy
            made = policy.from_data(name, backend.account_id, backend.region_name, stated)
            backend.managed_policies[made.arn] = made


@functools.cache
def _policies_of_aws() -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies
