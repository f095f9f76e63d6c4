"""ResultWriter: what the children of a Distributed Map were given and gave, in S3.

Stock moto writes a manifest that names no result files, whatever the children did.
"""

from __future__ import annotations

import functools
import json
import uuid
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3 import (  # noqa: E501
    ResourceEvalS3,
)

from localaws.deploy.step_functions.sdk_task import text_of

if TYPE_CHECKING:
    from datetime import datetime

_STATUSES = {"succeeded": "SUCCEEDED", "failed": "FAILED", "aborted": "FAILED"}


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    writer: Any = ResourceEvalS3
    writer._handle_put_object = staticmethod(_write)


def record(run: Any, outcome: str, job: Any, began_at: datetime, ended_at: datetime) -> None:
    """Keep what became of a child, until its map's results are written."""
    name = str(uuid.uuid4())
    child = {
        "ExecutionArn": f"{run.map_run_arn.replace(':mapRun:', ':execution:')}:{name}",
        "Input": json.dumps(job.job_input),
        "InputDetails": {"Included": True},
        "Name": name,
        "StartDate": text_of(began_at),
        "StateMachineArn": run.map_state_machine_arn,
        "Status": outcome.upper(),
        "StopDate": text_of(ended_at),
    }
    if outcome == "succeeded":
        child |= {"Output": json.dumps(job.job_output), "OutputDetails": {"Included": True}}
    run.__dict__.setdefault("children", []).append((job.job_index, outcome, child))


def _write(env: Any, where: Any, credentials: Any) -> None:
    asked = env.stack.pop()
    env.stack.pop()
    run = env.map_run_record_pool_manager.get_all()[-1]
    s3 = ResourceEvalS3._get_s3_client(where, credentials)
    folder = "/".join(filter(None, (asked["Prefix"].rstrip("/"), run.map_run_arn.split(":")[-1])))
    children = sorted(run.__dict__.get("children", []), key=lambda child: int(child[0]))
    files: dict[str, list[Any]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for status, listed in files.items():
        content = [child for _, outcome, child in children if _STATUSES[outcome] == status]
        if content:
            body = json.dumps(content).encode()
            key = f"{folder}/{status}_0.json"
            s3.put_object(Bucket=asked["Bucket"], Key=key, Body=body)
            listed.append({"Key": key, "Size": len(body)})
    manifest = {
        "DestinationBucket": asked["Bucket"],
        "MapRunArn": run.map_run_arn,
        "ResultFiles": files,
    }
    key = f"{folder}/manifest.json"
    s3.put_object(Bucket=asked["Bucket"], Key=key, Body=json.dumps(manifest).encode())
    details = {"Bucket": asked["Bucket"], "Key": key}
    env.stack.append({"MapRunArn": run.map_run_arn, "ResultWriterDetails": details})
