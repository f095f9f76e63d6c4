"""The local AWS: one HTTP server on the loopback, in a thread of this process.

Starting it patches moto (one module a service) and serves moto's application by cheroot, which
keeps connections alive where moto's own server closes every one.
"""

from __future__ import annotations

import functools
import os
import threading
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from cheroot import wsgi
from moto.core.config import default_user_config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localaws.core import answers, athena, dynamodb, glue, kms, optimizers, own_key, regions, s3
from localaws.core.browsers import Browsers
from localaws.core.dynamodb.dispatch import Dispatch
from localaws.core.entrance import Entrance
from localaws.core.gate import Gate
from localaws.core.in_process import InProcess
from localaws.core.on_demand import OnDemand
from localaws.core.session import REGION, LocalSession, answer_here
from localaws.core.short_way import ShortWay
from localaws.core.turnstile import Turnstile
from localaws.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from localaws.deploy.functions import Fleet
    from localaws.deploy.iam import Calls
    from localaws.deploy.iam import Gate as Iam
    from localaws.deploy.scheduler import Scheduler
    from localaws.kept import Keeper

_HOST = "127.0.0.1"
_THREADS = 32


class LocalAws:
    """A running local AWS; `start` makes it.

    State lives in moto's backends, which belong to the process: there is one at a time.

    Attributes:
        endpoint: its address.
        entrance: what every request passes, and where a test may answer in AWS's place.

    Example:
        aws = LocalAws.start()
        aws.client("s3").create_bucket(Bucket="events")
        awswrangler.athena.read_sql_query(sql, database, boto3_session=aws.session())
    """

    _lock: ClassVar[threading.RLock] = threading.RLock()
    _running: ClassVar[LocalAws | None] = None

    def __init__(self, port: int, clock: Callable[[], datetime], data: Path | None) -> None:
        self._on_demand = OnDemand(Dispatch(ShortWay(_moto(self._prepare_before))))
        self._loading = threading.RLock()
        self._checks: Iam | None = None
        self._own_key = own_key.new()
        self._gate = Gate(self._on_demand, self._own_key, lambda: self._iam)
        self._data = data
        self._keeper: Keeper | None = None
        self._turnstile = Turnstile(self._gate)
        self.entrance = Entrance(self._gate if data is None else self._turnstile)
        self._browsers = Browsers(self.entrance)
        server = _listening(self._browsers, port)
        self._server = server
        self.runs_functions = False
        self._functions: Fleet | None = None
        self._thread = threading.Thread(target=server.serve, name="local-aws", daemon=True)
        self.endpoint = f"http://{_HOST}:{server.bind_addr[1]}"
        own_key.keep(self.endpoint, self._own_key)
        self._browsers.serve_at(_HOST, server.bind_addr[1])
        self.region = REGION
        self.clock = clock
        self._scheduler: Scheduler | None = None
        self._client = functools.cache(self._new_client)

    @classmethod
    def start(
        cls,
        port: int = 0,
        *,
        clock: Callable[[], datetime] | None = None,
        functions: bool = False,
        origins: Collection[str] = (),
        data: Path | None = None,
    ) -> LocalAws:
        """Start the local AWS, or return the one that runs already.

        Args:
            port: Where to listen; 0 lets the system choose.
            clock: What time it is, for whoever asks `aws.clock`; moto's own stamps ignore it.
            functions: Whether Lambda functions run: as you, with all that you may do. One that
                runs already lets them from now on.
            origins: Whose web pages may call, such as "http://localhost:5173"; they need the key
                as anybody does. One that runs already lets them from now on.
            data: A folder in which everything is kept, and from which it is there again at the
                next start; None keeps it in this process alone.

        Raises:
            OSError: the port cannot be listened on.
            UsageError: an origin is none, or the folder cannot be used.
        """
        with cls._lock:
            if cls._running is None:
                cls._running = cls._started(port, clock or _now, data)
            elif data is not None and data != cls._running._data:
                raise UsageError(f"a local AWS runs already, without the folder {data}")
            running = cls._running
            running.runs_functions = running.runs_functions or functions
            running._browsers.admit(origins)
            return running

    @classmethod
    def _started(cls, port: int, clock: Callable[[], datetime], data: Path | None) -> LocalAws:
        made = cls(port, clock, data)
        try:
            made._serve()
        except UsageError:
            made._server.stop()
            raise
        return made

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point other processes' AWS clients here, the key among them."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            **{name.upper(): value for name, value in own_key.of(self.endpoint).items()},
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            # Clients must neither look for an instance's role nor put an account in the host name.
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
            "NO_PROXY": f"{_HOST},localhost",
        }

    @property
    def calls(self) -> Calls:
        """Who called what: all calls since this was first read, or IAM was first needed."""
        self._gate.check_all()
        return self._iam.calls

    @property
    def scheduler(self) -> Scheduler:
        """What fires EventBridge's schedules; `tick` lets a test do so."""
        from localaws.deploy.scheduler import Scheduler  # noqa: PLC0415 - see `on_demand`

        with self._loading:
            if self._scheduler is None:
                self._scheduler = Scheduler(self.endpoint, self.now)
            return self._scheduler

    def session(self) -> LocalSession:
        """A new boto3 session whose clients reach this server and nothing else."""
        return LocalSession(self.endpoint, self.region)

    def client(self, service: str) -> Any:
        """A client of a service, made once in a process: a fork has connections of its own."""
        return self._client(service, os.getpid())

    def now(self) -> datetime:
        """What time it is here."""
        return self.clock()

    def as_role(self, role: str) -> LocalSession:
        """A session that may do what a role may; nothing asks whom the role trusts.

        Args:
            role: its name or ARN.
        """
        from localaws.deploy.iam import roles  # noqa: PLC0415 - see `on_demand`

        return roles.session_of(self, role)

    def as_policy(
        self, *statements: Mapping[str, Any], account: str = DEFAULT_ACCOUNT_ID
    ) -> LocalSession:
        """A session that may do what these statements allow, as a role made for it.

        Args:
            statements: of a policy document, each with Effect, Action and Resource.
            account: where the role is.
        """
        from localaws.deploy.iam import roles  # noqa: PLC0415 - see `on_demand`

        return roles.session_with(self, statements, account)

    def stop(self) -> None:
        """Stop serving. What was stored stays in the process, for the next start.

        Raises:
            UsageError: the last changes could not be written to the folder of data.
        """
        with LocalAws._lock:
            if LocalAws._running is self:
                LocalAws._running = None
            answer_here(self.endpoint, None)
            self._server.stop()
            self._thread.join()
            if self._scheduler is not None:
                self._scheduler.stop()
            if self._functions is not None:
                self._functions.stop()
            if self._keeper is not None:
                self._keeper.stop()

    def _new_client(self, service: str, _process: int) -> Any:
        return self.session().client(service)

    def _serve(self) -> None:
        # A job's container would run as the user, who was not asked.
        default_user_config["batch"] = {"use_docker": False}
        regions.apply(self.endpoint)
        regions.load_parameters(self.endpoint)
        answers.apply()
        s3.apply()
        glue.apply()
        kms.apply()
        optimizers.apply()
        dynamodb.apply()
        athena.apply(self.endpoint)
        self._on_demand.before("cloudformation", self._prepare_cloudformation)
        self._on_demand.before("lambda", self._prepare_functions)
        self._on_demand.before("scheduler", self._prepare_schedules)
        self._on_demand.before("states", self._prepare_states)
        if self._data is not None:
            self._keep(self._data)
        self._thread.start()
        answer_here(self.endpoint, InProcess(self.endpoint, self.entrance).answer)

    def _keep(self, folder: Path) -> None:
        """Take over what is in the folder, and keep there what changes."""
        from localaws.kept import Keeper  # noqa: PLC0415 - most keep nothing

        self._keeper = Keeper(folder)
        self._keeper.start(self._turnstile)

    def _prepare_cloudformation(self) -> None:
        regions.load_networks(self.endpoint)
        from localaws.deploy import cloudformation  # noqa: PLC0415 - see `on_demand`

        # A template may name the managed layer that functions bring.
        self._prepare_functions()
        cloudformation.apply(self.endpoint)

    def _prepare_functions(self) -> None:
        regions.load_networks(self.endpoint)
        from localaws.deploy import functions  # noqa: PLC0415 - see `on_demand`

        with LocalAws._lock:
            if self._functions is None:
                self._functions = functions.apply(self.endpoint, lambda: self.runs_functions)

    @property
    def _iam(self) -> Iam:
        """What decides by IAM, and records who called what."""
        from localaws.deploy import iam  # noqa: PLC0415 - see `on_demand`

        with self._loading:
            if self._checks is None:
                iam.apply()
                self._checks = iam.Gate(self._on_demand, self._own_key)
            return self._checks

    def _prepare_before(self, service: str) -> None:
        """Prepare a service whose requests moto found where no signature says so."""
        if service in {"awslambda", "lambda"}:
            self._prepare_functions()

    def _prepare_schedules(self) -> None:
        self.scheduler.start()

    def _prepare_states(self) -> None:
        regions.load_networks(self.endpoint)
        from localaws.deploy import step_functions  # noqa: PLC0415 - see `on_demand`

        step_functions.apply(self.endpoint, self.now)


def _moto(prepare: Callable[[str], None]) -> DomainDispatcherApplication:
    """Moto's application, that looks a service up once: it lists a directory to find it."""

    def make(service: Any) -> Any:
        prepare(service)
        return create_backend_app(service)

    application = DomainDispatcherApplication(make)
    found: Any = application
    found.get_backend_for_host = functools.cache(application.get_backend_for_host)
    return application


def _listening(application: Browsers, port: int) -> Any:
    server = wsgi.Server(
        (_HOST, port), application, numthreads=_THREADS, request_queue_size=256, timeout=60
    )
    server.nodelay = True
    prepared: Future[None] = Future()
    # cheroot's workers are daemons only if a daemon makes them; others would keep a process that
    # forgets `stop` from ending.
    threading.Thread(target=_prepare, args=(server, prepared), daemon=True).start()
    prepared.result()
    return server


def _prepare(server: Any, prepared: Future[None]) -> None:
    try:
        prepared.set_result(server.prepare())
    except OSError as error:
        prepared.set_exception(error)


def _now() -> datetime:
    return datetime.now(UTC)
