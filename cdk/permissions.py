"""The exact actions of every role of the product, in one place.

A role is what somebody does with a store (serve, train), or one of the store's own parts (a
function, the state machine). The actions are those that its code calls, and no others; tests
compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass

from cdk.parts import Part
from skewless.online.address import LINE_PARTITION
from skewless.registry.model_register import PARTITION as MODELS
from skewless.registry.namespaces import PARTITION as TRIALS
from skewless.registry.namespaces import REMOVALS

# Reading or writing data under a customer-managed key needs data keys from KMS.
_READS = ("kms:Decrypt",)
_WRITES = ("kms:Decrypt", "kms:GenerateDataKey")
# Definitions are in another partition of that table, so a right to rewrites is none to redefine.
_REWRITES = ("rewrites#*",)
# So are namespaces: what is tried in them is not published.
_TRIALS = (TRIALS, REMOVALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Actions on a part of the store.

    Attributes:
        why: what it is needed for.
        prefixes: for listing the bucket: below which prefixes.
        partitions: for a table: the items of which partitions alone.
        partition_of_source: for a table: what a source's partition begins with, before its name.
        partition_of_view: the same of a view's partition.
    """

    why: str
    on: tuple[Part, ...]
    actions: tuple[str, ...]
    prefixes: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    partition_of_source: str = ""
    partition_of_view: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """The permissions of a use of the store, or of one of its parts.

    Attributes:
        key_actions: on the customer-managed key, if the store has one.
    """

    permissions: tuple[Permission, ...]
    key_actions: tuple[str, ...] = ()


_DEFINITIONS = Permission(
    why="published definitions",
    on=(Part.REGISTRY,),
    actions=("dynamodb:Query",),
)
_NAMES = Permission(
    why="what the store is made of", on=(Part.PARAMETER,), actions=("ssm:GetParameter",)
)
_LOG_ROWS = Permission(why="events", on=(Part.LOG,), actions=("s3:GetObject",))
_LOG_METADATA = Permission(
    why="the log's schema and snapshot; DuckDB asks itself, Athena in the caller's name",
    on=(Part.CATALOG, Part.LOG_TABLES),
    actions=("glue:GetDatabase", "glue:GetTable"),
)
_DEFAULT_DATABASE = Permission(
    why="Athena's guide asks for it in every region, whatever a query reads",
    on=(Part.DEFAULT_DATABASE,),
    actions=("glue:GetDatabase",),
)
_QUERY = Permission(
    why="queries, within the workgroup's scan limit",
    on=(Part.WORKGROUP,),
    actions=("athena:GetQueryExecution", "athena:StartQueryExecution"),
)
# Athena writes results with the caller's rights, large ones in parts, and asks for the region.
_RESULT_BUCKET = Permission(
    why="Athena looks at the bucket of results before it starts",
    on=(Part.BUCKET,),
    actions=("s3:GetBucketLocation", "s3:ListBucketMultipartUploads"),
)
_PUT_RESULTS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject")

_MODELS = Permission(
    why="a lock registers the model that ships with it, and its training sets",
    on=(Part.REGISTRY,),
    actions=("dynamodb:UpdateItem",),
    partitions=(MODELS,),
)

SERVE = Role(
    permissions=(
        Permission(
            why="the items of a feature vector, in one call",
            on=(Part.ONLINE,),
            actions=("dynamodb:BatchGetItem",),
        ),
    ),
    key_actions=_READS,
)
SERVE_PUBLISHED = Role(permissions=(*SERVE.permissions, _DEFINITIONS, _NAMES), key_actions=_READS)
TRAIN = Role(
    permissions=(
        _NAMES,
        _DEFINITIONS,
        _LOG_METADATA,
        _DEFAULT_DATABASE,
        _LOG_ROWS,
        _QUERY,
        Permission(
            why="how the workgroup is set up; the types of a result",
            on=(Part.WORKGROUP,),
            actions=("athena:GetQueryResults", "athena:GetWorkGroup"),
        ),
        Permission(
            why="labels and stored steps are tables for as long as a session lasts",
            on=(Part.CATALOG, Part.SESSION_TABLES),
            actions=("glue:CreateTable", "glue:DeleteTable", "glue:GetTable"),
        ),
        _RESULT_BUCKET,
        Permission(
            why="labels go up, results come back, both are removed when the session ends",
            on=(Part.QUERIES,),
            actions=("s3:DeleteObject", "s3:GetObject", *_PUT_RESULTS),
        ),
        Permission(
            why="the results of a session, and for Athena the log's files",
            on=(Part.BUCKET,),
            actions=("s3:ListBucket",),
            prefixes=("log/*", "queries/*", "reports/expired/*"),
        ),
        Permission(
            why="a training set, and the record of where it is, by which forget finds it",
            on=(Part.TRAINING_SETS, Part.SETS_WRITTEN),
            actions=("s3:PutObject",),
        ),
        Permission(
            why="whether a snapshot that a manifest names was expired by an erasure",
            on=(Part.SNAPSHOTS_EXPIRED,),
            actions=("s3:GetObject",),
        ),
        _MODELS,
    ),
    key_actions=_WRITES,
)
DEVELOP = Role(
    permissions=(
        *TRAIN.permissions,
        *SERVE.permissions,
        Permission(
            why="a namespace is one item, with what is tried; another says what it leaves",
            on=(Part.REGISTRY,),
            actions=("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"),
            partitions=_TRIALS,
        ),
    ),
    key_actions=_WRITES,
)
INGEST = Role(
    permissions=(
        _NAMES,
        _DEFINITIONS,
        Permission(
            why="data files and metadata of a commit; a backfill reads what it rewrites",
            on=(Part.LOG, Part.QUARANTINE),
            actions=("s3:GetObject", "s3:PutObject"),
        ),
        Permission(
            why="the commit itself",
            on=(Part.CATALOG, Part.LOG_TABLES),
            actions=("glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"),
        ),
        Permission(
            why="a source's quarantine is made with its first refused row",
            on=(Part.CATALOG, Part.QUARANTINE_TABLE),
            actions=("glue:CreateTable", "glue:GetTable", "glue:UpdateTable"),
        ),
        Permission(
            why="how far a backfill's views were served; the day items of stream views",
            on=(Part.ONLINE,),
            actions=("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"),
        ),
        Permission(
            why="a backfill of history that was served leaves its shard for the next cut",
            on=(Part.REGISTRY,),
            actions=("dynamodb:UpdateItem",),
            partition_of_view="rewrites#",
        ),
        Permission(
            why="the line of the source: who is inside, and which views were cut",
            on=(Part.ONLINE,),
            actions=("dynamodb:GetItem", "dynamodb:UpdateItem"),
            partition_of_source=LINE_PARTITION,
        ),
        Permission(
            why="producers that come at once wait in a queue, and share one commit",
            on=(Part.REGISTRY,),
            actions=("dynamodb:GetItem", "dynamodb:UpdateItem"),
            partition_of_source="commits#",
        ),
    ),
    key_actions=_WRITES,
)
ADMINISTER = Role(
    permissions=(
        _NAMES,
        Permission(
            why="apply, and what it compares with",
            on=(Part.REGISTRY,),
            actions=(
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:Scan",
                "dynamodb:UpdateItem",
            ),
        ),
        Permission(
            why="trials are dropped; applying to one is an update",
            on=(Part.REGISTRY,),
            actions=("dynamodb:DeleteItem",),
            partitions=_TRIALS,
        ),
        Permission(
            why="apply ends by writing the registry as one object",
            on=(Part.REGISTRY_SNAPSHOT,),
            actions=("s3:GetObject", "s3:PutObject"),
        ),
        Permission(
            why="watermarks; cuts; what is to be forgotten; items of retired views and of trials",
            on=(Part.ONLINE,),
            actions=(
                "dynamodb:BatchGetItem",
                "dynamodb:BatchWriteItem",
                "dynamodb:ConditionCheckItem",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:Scan",
                "dynamodb:UpdateItem",
            ),
        ),
        Permission(
            why="logs are made, evolved, and rid of what must be forgotten; so is all else",
            on=(Part.LOG, Part.TRAINING_SETS, Part.TEMPORARY, Part.REPORTS),
            actions=(
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:PutObject",
            ),
        ),
        Permission(
            why="forget looks through all of the bucket, doctor at how it is set up",
            on=(Part.BUCKET,),
            actions=(
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:ListBucket",
                "s3:ListBucketVersions",
            ),
        ),
        Permission(
            why="doctor looks at how the tables are set up",
            on=(Part.ONLINE, Part.REGISTRY),
            actions=(
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:DescribeTable",
                "dynamodb:DescribeTimeToLive",
            ),
        ),
        Permission(
            why="doctor looks at the scan limit",
            on=(Part.WORKGROUP,),
            actions=("athena:GetWorkGroup",),
        ),
        Permission(
            why="the logs' tables, and their compaction",
            on=(Part.CATALOG, Part.LOG_TABLES),
            actions=(
                "glue:CreateTable",
                "glue:CreateTableOptimizer",
                "glue:GetDatabase",
                "glue:GetTable",
                "glue:GetTableOptimizer",
                "glue:GetTables",
                "glue:UpdateTable",
                "glue:UpdateTableOptimizer",
            ),
        ),
        Permission(
            why="Glue compacts, and schedules start cuts, with roles of the store's own",
            on=(Part.OPTIMIZER, Part.SCHEDULER),
            actions=("iam:PassRole",),
        ),
        Permission(why="what runs cuts", on=(Part.JOBS_PARAMETER,), actions=("ssm:GetParameter",)),
        Permission(
            why="a schedule for each view",
            on=(Part.SCHEDULES,),
            actions=(
                "scheduler:CreateSchedule",
                "scheduler:DeleteSchedule",
                "scheduler:GetSchedule",
                "scheduler:UpdateSchedule",
            ),
        ),
        Permission(
            why="scheduler:ListSchedules knows no resource",
            on=(Part.ANYTHING,),
            actions=("scheduler:ListSchedules",),
        ),
        Permission(
            why="cuts by hand, and how they went",
            on=(Part.STATE_MACHINE, Part.EXECUTIONS),
            actions=(
                "states:DescribeExecution",
                "states:DescribeStateMachine",
                "states:ListExecutions",
                "states:StartExecution",
            ),
        ),
        Permission(
            why="cuts that gave up are run again",
            on=(Part.FAILED_QUEUE,),
            actions=("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        ),
    ),
    key_actions=_WRITES,
)
# on the key of reports: an erasure signs its report
SIGN_REPORTS = ("kms:GetPublicKey", "kms:Sign", "kms:Verify")

PLAN = Role(
    permissions=(
        _DEFINITIONS,
        Permission(
            why="rewrites of history that the cut must hold",
            on=(Part.REGISTRY,),
            actions=("dynamodb:GetItem",),
            partitions=_REWRITES,
        ),
        Permission(
            why="the line of the source is closed at the cut, and looked at for who is inside",
            on=(Part.ONLINE,),
            actions=("dynamodb:GetItem", "dynamodb:UpdateItem"),
            partition_of_source=LINE_PARTITION,
        ),
        Permission(
            why="the log's snapshots: what came after the cut before, and was known before it",
            on=(Part.CATALOG, Part.LOG_TABLES),
            actions=("glue:GetTable",),
        ),
        Permission(why="the same", on=(Part.LOG,), actions=("s3:GetObject",)),
        Permission(
            why="the watermark is read, and the cut begun; failed entities are looked at again",
            on=(Part.ONLINE,),
            actions=("dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:UpdateItem"),
        ),
    ),
    key_actions=_READS,
)
_WRITE_OBJECTS = (
    _DEFINITIONS,
    Permission(why="a result object", on=(Part.CUTS,), actions=("s3:GetObject",)),
    Permission(why="lines of another view", on=(Part.REFUSED,), actions=("s3:PutObject",)),
)
WRITE = Role(
    permissions=(
        *_WRITE_OBJECTS,
        Permission(
            why="entities' states, each under a condition: 25 in a call, or one alone",
            on=(Part.ONLINE,),
            actions=(
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
            ),
        ),
    ),
    key_actions=_WRITES,
)
DAYS = Role(
    permissions=(
        *_WRITE_OBJECTS,
        Permission(
            why="a day item is read, rebuilt and replaced",
            on=(Part.ONLINE,),
            actions=("dynamodb:GetItem", "dynamodb:PutItem"),
        ),
    ),
    key_actions=_WRITES,
)
COMMIT = Role(
    permissions=(
        _DEFINITIONS,
        Permission(
            why="a cut that has lines which are none of its view is not committed",
            on=(Part.BUCKET,),
            actions=("s3:ListBucket",),
            prefixes=("refused/*",),
        ),
        Permission(
            why="the watermark moves; entities that are written are not noted as failed any more",
            on=(Part.ONLINE,),
            actions=("dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:UpdateItem"),
        ),
        Permission(
            why="rewrites that the cut holds are forgotten",
            on=(Part.REGISTRY,),
            actions=("dynamodb:UpdateItem",),
            partitions=_REWRITES,
        ),
    ),
    key_actions=_READS,
)
WATCH = Role(
    permissions=(
        _DEFINITIONS,
        Permission(
            why="watermarks of all views, and how many entities failed",
            on=(Part.ONLINE,),
            actions=("dynamodb:BatchGetItem", "dynamodb:Query"),
        ),
        Permission(
            why="how many rows were refused: the quarantine's metadata says so",
            on=(Part.CATALOG, Part.QUARANTINE_TABLE),
            actions=("glue:GetTable",),
        ),
        Permission(why="the same", on=(Part.QUARANTINE_METADATA,), actions=("s3:GetObject",)),
    ),
    key_actions=_READS,
)
CHECK = Role(
    permissions=(
        *SERVE.permissions,
        *(permission for permission in TRAIN.permissions if permission not in (_NAMES, _MODELS)),
        Permission(
            why="namespaces that expired are dropped",
            on=(Part.REGISTRY,),
            actions=("dynamodb:DeleteItem", "dynamodb:UpdateItem"),
            partitions=_TRIALS,
        ),
        Permission(
            why="what trials left is found and removed, while their views are closed to cuts",
            on=(Part.ONLINE,),
            actions=(
                "dynamodb:ConditionCheckItem",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Scan",
            ),
        ),
    ),
    key_actions=_WRITES,
)
MACHINE = Role(
    permissions=(
        Permission(why="its steps", on=(Part.FUNCTIONS,), actions=("lambda:InvokeFunction",)),
        _QUERY,
        Permission(
            why="a query of an execution that was stopped is stopped",
            on=(Part.WORKGROUP,),
            actions=("athena:StopQueryExecution",),
        ),
        Permission(
            why="Step Functions asks for the catalog of a query",
            on=(Part.DATA_CATALOG,),
            actions=("athena:GetDataCatalog",),
        ),
        _LOG_METADATA,
        _DEFAULT_DATABASE,
        _LOG_ROWS,
        _RESULT_BUCKET,
        Permission(
            why="UNLOAD writes the objects of a cut, and its list of them",
            on=(Part.CUTS, Part.ATHENA_RESULTS),
            actions=_PUT_RESULTS,
        ),
        Permission(
            why="the map lists the objects of a cut, Athena the log's files",
            on=(Part.BUCKET,),
            actions=("s3:ListBucket",),
            prefixes=("athena/*", "cuts/*", "log/*"),
        ),
        Permission(
            why="a distributed map starts executions of its own machine",
            on=(Part.STATE_MACHINE,),
            actions=("states:StartExecution",),
        ),
        Permission(
            why="and looks after them",
            on=(Part.EXECUTIONS,),
            actions=("states:DescribeExecution", "states:StopExecution"),
        ),
        Permission(why="cuts that gave up", on=(Part.FAILED_QUEUE,), actions=("sqs:SendMessage",)),
    ),
    key_actions=_WRITES,
)
SCHEDULER = Role(
    permissions=(
        Permission(why="cuts", on=(Part.STATE_MACHINE,), actions=("states:StartExecution",)),
        Permission(why="starts that failed", on=(Part.FAILED_QUEUE,), actions=("sqs:SendMessage",)),
    ),
)
OPTIMIZER = Role(
    permissions=(
        Permission(
            why="files are merged, old ones removed",
            on=(Part.LOG,),
            actions=("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
        ),
        Permission(
            why="orphans are found by listing; Glue documents no condition on what it lists",
            on=(Part.BUCKET,),
            actions=("s3:ListBucket",),
        ),
        Permission(
            why="the commit",
            on=(Part.CATALOG, Part.LOG_TABLES),
            actions=("glue:GetTable", "glue:UpdateTable"),
        ),
        Permission(
            why="what it did",
            on=(Part.OPTIMIZER_LOGS,),
            actions=("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
        ),
    ),
    key_actions=_WRITES,
)
