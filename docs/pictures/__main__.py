"""Draw all pictures anew. The demo runs for the parity table, some minutes.

    python -m docs.pictures [DOCUMENT]

DOCUMENT is what `skewless demo --json` printed, if it has run already.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from docs.pictures import architecture, catalog, means, parity

FOLDER = Path(__file__).parent


def main() -> None:
    """Draw them."""
    architecture.draw(FOLDER)
    means.draw(FOLDER)
    if sys.argv[1:]:
        document = Path(sys.argv[1]).read_text(encoding="utf-8")
    else:
        command = [sys.executable, "-m", "skewless.demo", "--json"]
        document = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(document)
    parity.draw(FOLDER, found)
    catalog.draw(FOLDER, Path(found["catalog"]))


if __name__ == "__main__":
    main()
