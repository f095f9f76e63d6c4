"""Run a command, and report what all of its process took: start, imports and end included.

python -m benchmarks.programs.outside <command> <argument> ...
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

started = time.perf_counter()
status = subprocess.run(sys.argv[1:], check=False).returncode  # noqa: S603 - our own commands
seconds = time.perf_counter() - started
# The launcher holds less than any child of it: the maximum is the child's own.
used = resource.getrusage(resource.RUSAGE_CHILDREN)
scale = 1 if sys.platform == "darwin" else 1024
sample = {
    "seconds": seconds,
    "cpu_seconds": used.ru_utime + used.ru_stime,
    "peak_mb": used.ru_maxrss * scale / 1e6,
    "base_mb": 0.0,
}
print(json.dumps(sample), flush=True)
sys.exit(status)
