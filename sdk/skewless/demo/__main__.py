"""`python -m skewless.demo`, with `--json` for programs."""

from __future__ import annotations

import sys

from skewless.demo import main

if __name__ == "__main__":
    sys.exit(main(as_json="--json" in sys.argv[1:]))
