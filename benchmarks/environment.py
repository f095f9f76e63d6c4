"""An environment for each peer, under build/: no peer's dependencies meet another's."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
PEERS = REPOSITORY / "build" / "peers"


def python_of(peer: str | None, *, borrows: bool = False) -> str:
    """Return a peer's interpreter; the environment is made if it is not there as locked.

    Args:
        peer: `peers/<peer>.txt` locks its packages; None is skewless, in this environment.
        borrows: use this environment for the peer too, which must have what the peer needs.
    """
    if peer is None or borrows:
        return sys.executable
    lock = HERE / "peers" / f"{peer}.txt"
    folder = PEERS / peer
    python = folder / "bin" / "python"
    made = folder / ".made"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not made.exists() or made.read_text(encoding="utf-8") != digest:
        print(f"Making build/peers/{peer}", file=sys.stderr, flush=True)
        made.unlink(missing_ok=True)
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps",
             "--requirement", str(lock))  # fmt: skip
        made.write_text(digest, encoding="utf-8")
    return str(python)


def packages_of(peer: str) -> dict[str, str]:
    """Return the versions that a peer's environment has."""
    lines = (HERE / "peers" / f"{peer}.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - our own commands
