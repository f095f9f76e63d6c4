"""Measure, print a table, and keep all samples: `python -m benchmarks`, in three minutes or so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import first_answer, flights_windows, latest, machine

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run all comparisons, one after the other."""
    about = machine.facts()
    print("| comparison | skewless | baseline | ratio | target |")
    print("|---|--:|--:|--:|--:|")
    found = []
    for benchmark in (latest, flights_windows, first_answer):
        for comparison in benchmark.compare():
            print(comparison.row(), flush=True)
            found.append(comparison.document())
    date = datetime.now(UTC).date().isoformat()
    content = {"date": date, "machine": about, "comparisons": found}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{date}.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"\nAll samples: {path}")


if __name__ == "__main__":
    main()
