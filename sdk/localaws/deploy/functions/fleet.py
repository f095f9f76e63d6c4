"""All functions of the local AWS: which environment works, within which limits, as which role."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.utils import get_backend

from localaws.deploy import roles
from localaws.deploy.functions import installed, logs, report
from localaws.deploy.functions.configuration import Configuration
from localaws.deploy.functions.package import Package
from localaws.deploy.functions.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from localaws.deploy.functions.environment import Environment
    from localaws.deploy.functions.outcome import Outcome


class TooManyRequestsError(LambdaClientError):
    """All that a function may run at once is running."""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


class NotAllowedError(LambdaClientError):
    """The user has not said that functions may run."""

    code = 403

    def __init__(self, name: str) -> None:
        super().__init__(
            "AccessDeniedException",
            f"Function {name}: this local AWS runs no functions, because they would run as you, "
            "with all that you may do on this machine. Start it with --functions, or by "
            "LocalAws.start(functions=True)",
        )


class Fleet:
    """Runs moto's functions.

    Attributes:
        concurrency: how many calls an account may have at once in a region; any number if None. A
            new account of AWS has 10, an old one 1,000.
        refused: how many calls found no room.
    """

    def __init__(self, endpoint: str, is_allowed: Callable[[], bool]) -> None:
        self._is_allowed = is_allowed
        self.concurrency: int | None = None
        self.refused = 0
        self._endpoint = endpoint
        self._scratch = Path(tempfile.mkdtemp(prefix="functions-"))
        self._lock = threading.Lock()
        self._pools: dict[str, Pool] = {}
        self._retired: list[Pool] = []
        self._running: Counter[str] = Counter()

    def invoke(self, function: Any, payload: bytes) -> tuple[Outcome, list[str]]:
        """Invoke a version of a function; its outcome and the log of it."""
        with self._place(function):
            pool = self._pool(function)
            outcome, environment = pool.invoke(payload)
        lines = report.lines(pool.configuration, outcome)
        logs.store(function.account_id, environment, lines)
        return outcome, lines

    def check_allowed(self, name: str) -> None:
        """Refuse functions that the user has not asked for.

        Raises:
            NotAllowedError: the local AWS was started without them.
        """
        if not self._is_allowed():
            raise NotAllowedError(name)

    def check_limit(self, function: Any) -> None:
        """Refuse a call where there is no place for it."""
        limit = _reserved(function)
        is_full = limit is not None and self._running[_unqualified(function)] >= limit
        if is_full or self._is_account_full(function):
            self.refused += 1
            raise TooManyRequestsError

    def _is_account_full(self, function: Any) -> bool:
        account = f"{function.account_id}:{function.region}:"
        running = sum(count for name, count in self._running.items() if name.startswith(account))
        return self.concurrency is not None and running >= self.concurrency

    def environments(self, name: str) -> list[Environment]:
        """The running environments of a function, of all its versions."""
        return [
            environment
            for pool in self._known_pools()
            if pool.configuration.name == name
            for environment in pool.environments()
        ]

    def stop(self) -> None:
        """End all environments."""
        for pool in self._known_pools():
            pool.kill()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def forget(self, arn: str) -> None:
        """End the environments of a function that was deleted, when they are done."""
        with self._lock:
            for known in [known for known in self._pools if f"{known}:".startswith(f"{arn}:")]:
                self._retire(self._pools.pop(known))

    def _known_pools(self) -> list[Pool]:
        with self._lock:
            return [*self._pools.values(), *self._retired]

    def _retire(self, pool: Pool) -> None:
        """Let a pool go; its busy environments are still ours."""
        pool.close()
        self._retired = [old for old in (*self._retired, pool) if old.environments()]

    @contextmanager
    def _place(self, function: Any) -> Iterator[None]:
        name = _unqualified(function)
        with self._lock:
            self.check_limit(function)
            self._running[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[name] -= 1

    def _pool(self, function: Any) -> Pool:
        with self._lock:
            wanted = self._configuration(function)
            pool = self._pools.get(wanted.arn)
            if pool is None or pool.configuration != wanted:
                if pool is not None:
                    self._retire(pool)
                pool = self._pools[wanted.arn] = Pool(wanted, lambda: self._credentials(wanted))
            return pool

    def _configuration(self, function: Any) -> Configuration:
        logging = function.__dict__.get("logging_config") or {}
        return Configuration(
            name=function.function_name,
            handler=function.handler,
            package=Package.unpack(function.code_bytes, self._scratch),
            runtime=installed.link(installed.RUNTIME, self._scratch / "runtime"),
            layers=tuple(self._layer(function, layer["Arn"]) for layer in function.layers),
            variables=MappingProxyType(
                {"AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}"}
                | {name: str(value) for name, value in (function.environment_vars or {}).items()}
            ),
            timeout_seconds=int(function.timeout),
            memory_megabytes=int(function.memory_size),
            version=_version(function),
            region=function.region,
            arn=function.function_arn,
            role_arn=function.role,
            log_group=logging.get("LogGroup") or f"/aws/lambda/{function.function_name}",
            log_format=logging.get("LogFormat", "Text"),
            log_level=logging.get("ApplicationLogLevel", ""),
        )

    def _layer(self, function: Any, arn: str) -> Path:
        version: Any = get_backend(function.account_id, function.region).layers_versions_by_arn(arn)
        folder: Path | None = version.__dict__.get("folder")
        return folder or Package.unpack(version.code_bytes, self._scratch).folder

    def _credentials(self, configuration: Configuration) -> Mapping[str, str]:
        """Variables that let a function reach this server as its role."""
        role = roles.credentials_of(
            self._endpoint, configuration.region, configuration.role_arn, configuration.name
        )
        return {
            "AWS_ACCESS_KEY_ID": role["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": role["aws_secret_access_key"],
            "AWS_SESSION_TOKEN": role["aws_session_token"],
            "AWS_ENDPOINT_URL": self._endpoint,
            # A client must not put the account in front of this server's address.
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        }


def _version(function: Any) -> str:
    is_latest = function.function_arn.rsplit(":", 1)[-1] == function.function_name
    return "$LATEST" if is_latest else str(function.version)


def _unqualified(function: Any) -> str:
    return f"{function.account_id}:{function.region}:{function.function_name}"


def _reserved(function: Any) -> int | None:
    latest: Any = get_backend(function.account_id, function.region).get_function(
        function.function_name
    )
    return None if latest.reserved_concurrency is None else int(latest.reserved_concurrency)
