"""A function without the service around it: a zip, started, invoked and measured."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from localaws.deploy.functions import installed
from localaws.deploy.functions.configuration import Configuration
from localaws.deploy.functions.package import Package
from localaws.deploy.functions.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localaws.deploy.functions.environment import Environment
    from localaws.deploy.functions.outcome import Outcome


class LocalFunction:
    """A function of a zip; leave its `with` block to end its processes.

    Example:
        with LocalFunction.from_zip(zip_bytes, "app.handler") as function:
            print(function.invoke({"key": 42}).cold_start)
    """

    def __init__(
        self, configuration: Configuration, credentials: Mapping[str, str] | None = None
    ) -> None:
        self._pool = Pool(configuration, lambda: credentials or {})

    @classmethod
    def from_zip(
        cls,
        content: bytes,
        handler: str,
        *,
        variables: Mapping[str, str] | None = None,
        layers: Iterable[Path] = (),
        timeout_seconds: int = 30,
        memory_megabytes: int = 512,
    ) -> LocalFunction:
        """Unpack a zip.

        Args:
            content: The zip.
            handler: Module and function.
            variables: The function's environment variables, and its credentials if it needs any.
            layers: Unpacked layers, each a folder with a folder `python`.
            timeout_seconds: After how long an invocation is killed.
            memory_megabytes: What the function is told; it is reported, not enforced.
        """
        scratch = Path(tempfile.mkdtemp(prefix="function-"))
        return cls(
            Configuration(
                name="local",
                handler=handler,
                package=Package.unpack(content, scratch),
                runtime=installed.link(installed.RUNTIME, scratch / "runtime"),
                layers=tuple(layers),
                variables=MappingProxyType(dict(variables or {})),
                timeout_seconds=timeout_seconds,
                memory_megabytes=memory_megabytes,
                log_group="/aws/lambda/local",
            )
        )

    def invoke(self, event: Any) -> Outcome:
        """Invoke it with an event, which is written as JSON."""
        outcome, _ = self._pool.invoke(json.dumps(event).encode())
        return outcome

    def environments(self) -> list[Environment]:
        """Its running processes."""
        return self._pool.environments()

    def close(self) -> None:
        """End its processes."""
        self._pool.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
