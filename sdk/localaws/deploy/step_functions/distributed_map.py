"""Distributed Map: all objects are read, and a failed child fails the map.

Stock moto goes on when a child fails, with null for its result, and says SUCCEEDED; it lists a
thousand objects at most, dies where there are none, and of a thousand items in a row.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import (  # noqa: E501
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (  # noqa: E501
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramStopped
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData

from localaws.deploy.step_functions import result_writer
from localaws.deploy.step_functions.failing import failure


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    reader: Any = ResourceEvalS3
    reader._handle_list_objects_v2 = staticmethod(_list_objects)
    worker: Any = DistributedItemProcessorWorker
    worker._eval_pool = _work
    worker._eval_job = _run_item


def _list_objects(env: Any, where: Any, credentials: Any) -> None:
    s3 = ResourceEvalS3._get_s3_client(where, credentials)
    asked = env.stack.pop()
    try:
        pages = list(s3.get_paginator("list_objects_v2").paginate(**asked))
    except ClientError as error:
        event = failure(env, "States.ItemReaderFailed", error.response["Error"]["Message"])
        raise FailureEventException(event) from error
    env.stack.append([_item(found) for page in pages for found in page.get("Contents", ())])


def _item(found: Any) -> dict[str, Any]:
    return {
        "Etag": found["ETag"],
        "Key": found["Key"],
        "LastModified": int(found["LastModified"].timestamp()),
        "Size": found["Size"],
        "StorageClass": found.get("StorageClass", "STANDARD"),
    }


def _work(self: Any, job: Any, worker_frame: Any) -> None:
    while job is not None:
        frame = worker_frame.open_inner_frame()
        self._eval_job(env=frame, job=job)
        worker_frame.delete_frame(frame)
        is_over = isinstance(job.job_output, Exception) or self.stopped()
        following = None if is_over else self._job_pool.next_job()
        self._job_pool.close_job(job)
        job = following


def _run_item(self: Any, env: Any, job: Any) -> None:
    run = self._map_run_record
    counters = (run.item_counter, run.execution_counter)
    for counter in counters:
        counter.total.count()
        counter.running.count()
    began_at = datetime.now(UTC)
    outcome, job.job_output = _outcome(self, env, job)
    result_writer.record(run, outcome, job, began_at, datetime.now(UTC))
    for counter in counters:
        counter.running.offset(-1)
        getattr(counter, outcome).count()
    if outcome == "succeeded":
        for counter in counters:
            counter.results_written.count()
    elif outcome == "failed" and _is_exceeded(run, self._job_pool._jobs_number):
        cause = "The specified tolerated failure threshold was exceeded"
        event = failure(self._env, "States.ExceedToleratedFailureThreshold", cause)
        job.job_output = FailureEventException(event)


def _outcome(self: Any, env: Any, job: Any) -> tuple[str, Any]:
    """How a child ended, by the name of its counter, and its output."""
    if not env.is_running():
        return "aborted", None
    item = MapData(Item=ItemData(Index=job.job_index, Value=job.job_input))
    env.states.context_object.context_object_data["Map"] = item
    try:
        env.states.reset(job.job_input)
        env.stack.append(env.states.get_input())
        self._eval_input(env_frame=env)
        job.job_program.eval(env)
    except Exception:  # noqa: BLE001 whatever goes wrong is the child's failure
        return "failed", None
    match env.program_state():
        case ProgramEnded():
            return "succeeded", env.states.get_input()
        case ProgramStopped():
            return "aborted", None
    return "failed", None


def _is_exceeded(run: Any, items: int) -> bool:
    """Whether more failed than is tolerated; a limit of zero beside another one is no limit."""
    failed = run.item_counter.failed.get()
    count, percentage = run.tolerated_failure_count, run.tolerated_failure_percentage
    if not percentage:
        return bool(failed > count)
    return bool(failed * 100 > percentage * items or (count and failed > count))
