"""The parts of a store that a permission can be about, and their ARNs."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from skewless.offline.lake.catalog import (
    LOG_FOLDER,
    QUARANTINE_TABLE,
    TEMPORARY_FOLDERS,
    quarantine_table,
)
from skewless.registry.snapshot import KEY as SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.store_names import StoreNames

# The functions that the state machine calls; the others have schedules.
STEPS = ("plan", "write", "days", "commit")


class Part(Enum):
    """The parts of a store that permissions name."""

    ONLINE = auto()
    REGISTRY = auto()
    BUCKET = auto()
    LOG = auto()
    QUARANTINE = auto()
    QUARANTINE_METADATA = auto()
    CUTS = auto()
    REFUSED = auto()
    QUERIES = auto()
    ATHENA_RESULTS = auto()
    TEMPORARY = auto()
    TRAINING_SETS = auto()
    REPORTS = auto()
    REGISTRY_SNAPSHOT = auto()
    SETS_WRITTEN = auto()
    SNAPSHOTS_EXPIRED = auto()
    CATALOG = auto()
    DEFAULT_DATABASE = auto()
    LOG_TABLES = auto()
    QUARANTINE_TABLE = auto()
    SESSION_TABLES = auto()
    WORKGROUP = auto()
    DATA_CATALOG = auto()
    PARAMETER = auto()
    JOBS_PARAMETER = auto()
    OPTIMIZER = auto()
    SCHEDULES = auto()
    SCHEDULER = auto()
    STATE_MACHINE = auto()
    EXECUTIONS = auto()
    FAILED_QUEUE = auto()
    FUNCTIONS = auto()
    OPTIMIZER_LOGS = auto()
    ANYTHING = auto()


def arns(part: Part, names: StoreNames, sources: tuple[str, ...] | None = None) -> list[str]:
    """Return the ARNs of a part; of logs, those of the sources only, unless that is None.

    The quarantine lies in the same folder as the logs, so a grant on all logs covers it.
    """
    quarantines = [quarantine_table(source) for source in sources or ()]
    match part:
        case Part.LOG if sources is not None:
            return [names.bucket_arn(f"{LOG_FOLDER}/{source}/*") for source in sources]
        case Part.LOG_TABLES if sources is not None:
            return [names.arn("glue", f"table/{names.database}/{source}") for source in sources]
        case Part.QUARANTINE:
            return [names.bucket_arn(f"{LOG_FOLDER}/{table}/*") for table in quarantines]
        case Part.QUARANTINE_TABLE if sources is not None:
            return [names.arn("glue", f"table/{names.database}/{table}") for table in quarantines]
        case _:
            return [_resource(pattern, names) for pattern in _PATTERNS[part]]


# The prefix before the colon is a service; `path` means the bucket, `role` means IAM.
_PATTERNS: Mapping[Part, tuple[str, ...]] = {
    Part.ONLINE: ("dynamodb:table/{online}",),
    Part.REGISTRY: ("dynamodb:table/{registry}",),
    Part.BUCKET: ("path:",),
    Part.LOG: (f"path:{LOG_FOLDER}/*",),
    Part.QUARANTINE_METADATA: (f"path:{LOG_FOLDER}/{QUARANTINE_TABLE}*/metadata/*",),
    Part.CUTS: ("path:cuts/*",),
    Part.REFUSED: ("path:refused/*",),
    Part.QUERIES: ("path:queries/*",),
    Part.ATHENA_RESULTS: ("path:athena/*",),
    Part.TEMPORARY: tuple(f"path:{folder}*" for folder in TEMPORARY_FOLDERS),
    Part.TRAINING_SETS: ("path:training/*",),
    Part.REPORTS: ("path:reports/*",),
    Part.REGISTRY_SNAPSHOT: (f"path:{SNAPSHOT}",),
    Part.SETS_WRITTEN: ("path:reports/sets/*",),
    Part.SNAPSHOTS_EXPIRED: ("path:reports/expired/*",),
    Part.CATALOG: ("glue:catalog", "glue:database/{database}"),
    Part.DEFAULT_DATABASE: ("glue:catalog", "glue:database/default"),
    Part.LOG_TABLES: ("glue:table/{database}/*",),
    Part.QUARANTINE_TABLE: (f"glue:table/{{database}}/{QUARANTINE_TABLE}*",),
    Part.SESSION_TABLES: (
        "glue:table/{database}/skewless_labels_*",
        "glue:table/{database}/skewless_step_*",
    ),
    Part.WORKGROUP: ("athena:workgroup/{workgroup}",),
    Part.DATA_CATALOG: ("athena:datacatalog/AwsDataCatalog",),
    Part.PARAMETER: ("ssm:parameter{parameter}",),
    Part.JOBS_PARAMETER: ("ssm:parameter{jobs_parameter}",),
    Part.OPTIMIZER: ("role:{optimizer}",),
    Part.SCHEDULES: ("scheduler:schedule/{schedule_group}/*",),
    Part.SCHEDULER: ("role:{scheduler}",),
    Part.STATE_MACHINE: ("states:stateMachine:{state_machine}",),
    # A distributed map's children run under `<machine>/<label>`.
    Part.EXECUTIONS: (
        "states:execution:{state_machine}:*",
        "states:execution:{state_machine}/*:*",
    ),
    Part.FAILED_QUEUE: ("sqs:{failed_queue}",),
    Part.FUNCTIONS: tuple(f"lambda:function:{{prefix}}-{name}" for name in STEPS),
    Part.OPTIMIZER_LOGS: ("logs:log-group:/aws-glue/iceberg-*",),
    Part.ANYTHING: ("*",),
}


def _resource(pattern: str, names: StoreNames) -> str:
    service, _, rest = pattern.partition(":")
    resources = names.resources
    name = rest.format(
        online=resources.online_table,
        registry=resources.registry_table,
        database=resources.database,
        workgroup=resources.workgroup,
        prefix=names.prefix,
        parameter=names.parameter,
        jobs_parameter=names.jobs_parameter,
        optimizer=names.optimizer,
        schedule_group=names.schedule_group,
        scheduler=names.scheduler,
        state_machine=names.state_machine,
        failed_queue=names.failed_queue,
    )
    match service:
        case "*":
            return service
        case "path":
            return names.bucket_arn(name)
        case "role":
            return names.role_arn(name)
        case _:
            return names.arn(service, name)
