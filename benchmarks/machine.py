"""What the measurements were taken on: facts that explain a number, and none that name a host."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from skewless import __version__

PACKAGES = ("boto3", "duckdb", "pyarrow", "sqlglot")


def facts() -> dict[str, Any]:
    """Return processor, memory, versions, and how busy the machine was before the run."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {"skewless": __version__, **{name: version(name) for name in PACKAGES}},
        "load_before": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()
