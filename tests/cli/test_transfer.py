"""`skewless export` and `import`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import a_shop, a_store


def test_a_registry_goes_from_store_to_store_as_files(folder: Path) -> None:
    shop, other = a_shop(folder), a_store()
    exported = shop("export", "registry")
    assert exported.code == 0, exported.err
    assert Path("registry/view/customer_orders@1.json").is_file()
    refused = other("import", "registry", answer="n\n")
    assert (refused.code, "nothing was imported" in refused.err) == (1, True)
    imported = other("import", "registry", "--yes")
    assert imported.code == 0, imported.err
    again = other("--json", "import", "registry", "--yes")
    assert not again.document["has_changes"]
    assert other("list", "views").out == shop("list", "views").out
    assert "manifest.json" in other("--json", "export", "registry").document["changed_files"]


def test_a_snapshot_is_for_an_empty_registry(folder: Path) -> None:
    shop = a_shop(folder)
    assert shop("import", "--from-snapshot", "--yes").code == 0
    assert shop("deprecate", "customer_orders@1").code == 0
    Path("s.json").write_text(json.dumps({"format": 9}))
    ran = shop("import", "s.json", "--yes")
    assert (ran.code, "has format 9" in ran.err) == (1, True)
    assert shop("import", "--yes").code == 2
    assert shop("import", "registry", "--from-snapshot", "--yes").code == 2
