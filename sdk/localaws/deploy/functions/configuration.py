"""The surroundings of a function's process, without anything of this process's environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localaws.deploy.functions.package import Package

# As Lambda's own image has it; the interpreter is started by its full path.
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A version of a function. Processes of equal configurations stand in for each other."""

    name: str
    handler: str
    package: Package
    runtime: Path
    """The folder of what the managed runtime brings along."""

    layers: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    timeout_seconds: int = 3
    memory_megabytes: int = 128
    version: str = "$LATEST"
    region: str = "us-east-1"
    arn: str = ""
    role_arn: str = ""
    log_group: str = ""
    log_format: str = "Text"
    log_level: str = ""

    def import_path(self) -> tuple[Path, ...]:
        """The module search path before the standard library, in Lambda's order."""
        return (self.package.folder, *(layer / "python" for layer in self.layers), self.runtime)

    def environment(self, runtime_api: str, scratch: Path, log_stream: str) -> dict[str, str]:
        """The variables of one process."""
        libraries = [self.package.folder, self.package.folder / "lib"]
        libraries += [layer / "lib" for layer in self.layers]
        reserved = {
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_megabytes),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "AWS_LAMBDA_LOG_FORMAT": self.log_format,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "LAMBDA_TASK_ROOT": str(self.package.folder),
            "LAMBDA_RUNTIME_DIR": str(self.runtime),
            "_HANDLER": self.handler,
        }
        if self.log_level:
            reserved["AWS_LAMBDA_LOG_LEVEL"] = self.log_level
        return {
            "PATH": _PATH,
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            # An empty home and a scratch folder of its own: neither the user's AWS profiles nor
            # another environment's files are seen.
            "HOME": str(scratch / "home"),
            "TMPDIR": str(scratch),
            "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.variables,
            **reserved,
            "PYTHONPATH": os.pathsep.join(map(str, self.import_path())),
        }
