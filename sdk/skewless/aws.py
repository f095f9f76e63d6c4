"""One session's AWS clients, made at first use, at real endpoints or a local one.

Part of the serving path: boto3 and the standard library only.
"""

from __future__ import annotations

import gc
import json
import pickle
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import StoreError
from skewless.process import current as this_process
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import boto3

    from skewless.process import Process

PARAMETER_PREFIX = "/skewless/"
_KEPT_ALIVE = Config(
    tcp_keepalive=True,
    max_pool_connections=32,
    retries={"mode": "standard", "total_max_attempts": 3},
)

# What botocore replaces in an application's id, which becomes part of a header.
_NO_TOKEN = re.compile(r"[^\w!$%&'*+.^`|~#,-]", re.ASCII)

# Waiting a minute for a feature vector is too long; boto3's default is 60 s.
_PROMPT = Config(connect_timeout=1, read_timeout=3)


@contextmanager
def _no_collection() -> Iterator[None]:
    # Making a client loads large JSON models. The garbage collector would scan them several
    # times and find nothing, which costs a quarter of a cold start.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Aws:
    """One account and region. Threads may share it.

    A fork makes clients of its own: on shared connections, parent and child would read each
    other's answers. A pickle says where AWS is, and holds no keys: see `__reduce__`.

    Attributes:
        endpoint: a local AWS's address; None for the real one.
    """

    def __init__(
        self,
        session: boto3.Session | None = None,
        endpoint: str | None = None,
        region: str | None = None,
    ) -> None:
        """Take a session's credentials and region, or boto3's default chain if None.

        Args:
            session: the session.
            endpoint: a local AWS's address.
            region: the region, where no session is given; boto3's default if None.
        """
        self.endpoint = endpoint
        self._given = session
        self._region = region
        self._own = _Own(session)

    @property
    def session(self) -> boto3.Session:
        """The session that was given, or this process's own."""
        own = self._of_this_process()
        if own.session is None:
            import boto3  # noqa: PLC0415 - a reader of a lock does without: see `_client_of`

            with own.lock:
                if own.session is None:
                    own.session = boto3.Session(botocore_session=own.core_in(self._region))
        return own.session

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service, made once in a process."""
        own = self._of_this_process()
        return own.clients.get(service) or self._made(service, own)

    def caller(self) -> str:
        """Return the ARN of whoever calls.

        Raises:
            StoreError: AWS did not say who this is.
        """
        try:
            return str(self.client("sts").get_caller_identity()["Arn"])
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"AWS did not say which account this is: {error}") from error

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region.

        Raises:
            StoreError: AWS did not say which account this is.
        """
        _, partition, _, _, account, *_ = self.caller().split(":")
        region = self.client("sts").meta.region_name
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    def _made(self, service: str, own: _Own) -> Any:
        config = _KEPT_ALIVE
        if service == "dynamodb" and self.endpoint is None:
            config = config.merge(_PROMPT)
        with own.lock:  # boto3 makes clients in one thread at a time
            if service not in own.clients:
                if service == "dynamodb":
                    config = config.merge(Config(user_agent=self._user_agent(own)))
                with _no_collection():
                    own.clients[service] = self._client_of(
                        service, own, endpoint_url=self.endpoint, config=config
                    )
            return own.clients[service]

    def _client_of(self, service: str, own: _Own, **options: Any) -> Any:
        if service == "dynamodb" and own.session is None:
            # boto3 asks the same botocore, and its import is an eighth of a cold start.
            return own.core_in(self._region).create_client(service, **options)
        session: Any = self.session  # boto3-stubs wants the service as a literal
        return session.client(service, **options)

    def _user_agent(self, own: _Own) -> str:
        # botocore would compose it anew for each request, which is a tenth of a small read.
        given: Any = own.session
        core: Any = own.core_in(self._region) if given is None else given._session  # noqa: SLF001
        default: Any = core.get_default_client_config() or Config()
        if default.user_agent is not None:
            return str(default.user_agent)
        # botocore adds the session's and the client's extra to this.
        agent = str(core.user_agent()).removesuffix(f" {core.user_agent_extra}")
        application = default.user_agent_appid or core.get_config_variable("user_agent_appid")
        return f"{agent} app/{_NO_TOKEN.sub('-', application)}" if application else agent

    def _of_this_process(self) -> _Own:
        own = self._own
        if own.process != this_process():
            own = self._own = _Own(self._given)
        return own

    def __copy__(self) -> Aws:
        return Aws(self._given, self.endpoint, self._region)

    def __deepcopy__(self, _: object) -> Aws:
        return Aws(self._given, self.endpoint, self._region)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle profile, region and endpoint; credentials are found where it is unpickled.

        Raises:
            pickle.PicklingError: the session was made with keys, which must not be written out.
        """
        given = self._given
        if given is None or not _is_boto3(given):  # it knows itself how to be pickled
            return Aws, (given, self.endpoint, self._region)
        return _aws_again, (_recipe(given), self.endpoint)


class _Own:
    """The state of one process: clients, and the session that made them."""

    def __init__(self, session: boto3.Session | None) -> None:
        self.process: Process = this_process()
        self.lock = threading.RLock()
        self.clients: dict[str, Any] = {}
        self.session = session
        self._core: botocore.session.Session | None = None

    def core_in(self, region: str | None) -> botocore.session.Session:
        """Return the session of botocore for where none was given; use it under the lock."""
        if self._core is None:
            self._core = botocore.session.Session()
            if region is not None:
                self._core.set_config_variable("region", region)
        return self._core


def _is_boto3(session: object) -> bool:
    import boto3  # noqa: PLC0415 - loaded already where a session was given

    return type(session) is boto3.Session


def _aws_again(recipe: Mapping[str, str], endpoint: str | None) -> Aws:
    import boto3  # noqa: PLC0415 - as above

    return Aws(boto3.Session(**recipe), endpoint)  # type: ignore[arg-type]  # all are text


def _recipe(session: boto3.Session) -> dict[str, str]:
    """Return the arguments that make such a session again."""
    credentials = session.get_credentials()
    if credentials is not None and credentials.method == "explicit":
        raise pickle.PicklingError(
            "the store's session was made with keys, and keys do not belong into a pickle; make it "
            "from a profile or the environment, boto3.Session(profile_name=...), or connect in "
            "each process: FeatureStore.connect(name, session=...)"
        )
    found = {"region_name": session.region_name, "profile_name": _profile_of(session)}
    return {name: value for name, value in found.items() if value}


def _profile_of(session: Any) -> str | None:
    # `profile_name` says "default" where none was named, and there need not be such a profile.
    found: str | None = session._session.profile  # noqa: SLF001 - boto3 tells it nowhere else
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The names of a store's resources, as the stacks (or the local AWS) wrote them.

    Attributes:
        store: the store's name.
        bucket: S3 bucket of the event log, spines, query results and training sets.
        database: Glue database of the event log.
        workgroup: Athena workgroup.
        online_table: DynamoDB table of online items.
        registry_table: DynamoDB table of published definitions.
        engine: the default engine of history, "athena" or "duckdb".
        optimizer_role: ARN of the role with which Glue compacts the log; none if empty.
        report_key: KMS key (id, ARN or alias) that signs reports of erasure; none if empty.
    """

    store: str
    bucket: str
    database: str
    workgroup: str
    online_table: str
    registry_table: str
    engine: str = "athena"
    optimizer_role: str = ""
    report_key: str = ""

    @classmethod
    def fetch(cls, name: str, aws: Aws) -> Resources:
        """Read the store's SSM parameter, `/skewless/<name>`.

        Raises:
            StoreError: there is no such store, or AWS refused.
        """
        parameter = PARAMETER_PREFIX + name
        document = _read_parameter(name, parameter, aws)
        if document is None:
            raise StoreError(
                f"there is no store {name!r}: no SSM parameter is called {parameter!r} in this "
                "account and region. Deploy the store's stacks, or check the region."
            )
        return cls.parse(name, document)

    @classmethod
    def parse(cls, name: str, document: Mapping[str, str]) -> Resources:
        """Read the parameter's JSON. Members that a newer version added are ignored."""
        known = {key: document[key] for key in cls.__slots__ if key in document}
        try:
            return cls(**{**known, "store": name})
        except TypeError as error:
            raise StoreError(
                f"the SSM parameter of store {name!r} is incomplete: {error}"
            ) from error

    def document(self) -> dict[str, str]:
        """Return what the SSM parameter holds."""
        return {key: getattr(self, key) for key in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """The resources that run a store's cuts, as the stack of its jobs wrote them.

    Attributes:
        state_machine: ARN of the state machine that materializes.
        schedule_group: EventBridge Scheduler's group of the views' schedules.
        scheduler_role: ARN of the role with which the schedules start the state machine.
        failed_queue: URL of the queue of cuts that gave up.
    """

    state_machine: str
    schedule_group: str
    scheduler_role: str
    failed_queue: str

    @classmethod
    def fetch(cls, name: str, aws: Aws) -> Jobs | None:
        """Read the SSM parameter `/skewless/<name>/jobs`; None where no jobs were deployed.

        Raises:
            StoreError: it is incomplete, or AWS refused.
        """
        document = _read_parameter(name, f"{PARAMETER_PREFIX}{name}/jobs", aws)
        return None if document is None else cls.parse(name, document)

    @classmethod
    def parse(cls, name: str, document: Mapping[str, str]) -> Jobs:
        """Read the parameter's JSON. Members that a newer version added are ignored."""
        try:
            return cls(**{key: document[key] for key in cls.__slots__})
        except KeyError as error:
            raise StoreError(
                f"the SSM parameter of the jobs of store {name!r} is incomplete: it lacks {error}"
            ) from error

    def document(self) -> dict[str, str]:
        """Return what the SSM parameter holds."""
        return {key: getattr(self, key) for key in self.__slots__}


def _read_parameter(name: str, parameter: str, aws: Aws) -> dict[str, str] | None:
    """Read a parameter of a store; None if there is none."""
    try:
        answer = aws.client("ssm").get_parameter(Name=parameter)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise StoreError(f"store {name!r}: {parameter!r} could not be read: {error}") from error
    except BotoCoreError as error:
        raise StoreError(f"store {name!r}: {parameter!r} could not be read: {error}") from error
    found: dict[str, str] = json.loads(answer["Parameter"]["Value"])
    return found
