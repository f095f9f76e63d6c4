"""What a program of a peer is asked to do, and how it tells what that took."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WARM_UP = 10  # rows are answered first: imports and connections are not what is measured


@dataclass(frozen=True, slots=True)
class Task:
    """The command line of a program: one JSON document.

    Attributes:
        folder: where the workload's data are.
        answer: the file to which the program writes what it computed.
        parameters: of the case and of the contender.
    """

    folder: Path
    answer: Path
    parameters: dict[str, Any]

    @classmethod
    def read(cls) -> Task:
        """Return the task of this process."""
        document = json.loads(sys.argv[1])
        return cls(Path(document["folder"]), Path(document["answer"]), document["parameters"])

    def command(self) -> str:
        """Return what `read` reads."""
        return json.dumps(
            {
                "folder": str(self.folder),
                "answer": str(self.answer),
                "parameters": self.parameters,
            }
        )

    def write(self, answer: Any) -> None:
        """Write an answer that is no table."""
        self.answer.write_text(json.dumps(answer), encoding="utf-8")

    def report(self, sample: dict[str, float]) -> None:
        """Print the sample, as the last line of this process."""
        print(json.dumps(sample), flush=True)
