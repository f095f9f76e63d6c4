"""Which tests are slow, and how `pytest -n` shares tests out among processes.

A process has a local AWS of its own, and makes a session's fixtures for itself.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

# What `make test-fast` leaves out, the longest first: what is synthesised, deployed, emulated,
# played in full, or interrupted at each of its calls. A single test is marked `slow` by itself.
SLOW = (
    "tests/deployment/",
    "tests/cdk/",
    "tests/ops/",
    "tests/localaws/",
    "tests/lambdas/",
    "tests/order/",
    "tests/examples/",
    "tests/docs/",
    "tests/parity/test_no_entity.py",
    "tests/parity/test_names.py",
    "tests/parity/test_loop.py",
    "tests/parity/test_python_functions.py",
    "tests/parity/test_compute.py",
    "tests/parity/test_windows.py",
    "tests/parity/test_request_time.py",
    "tests/parity/test_roles.py",
    "tests/store/test_clocks.py",
    "tests/store/test_lists.py",
    "tests/store/test_unpublished.py",
    "tests/store/test_names.py",
    "tests/store/test_own_keys.py",
    "tests/store/test_python_functions.py",
    "tests/store/test_maps.py",
    "tests/store/test_no_entity.py",
    "tests/store/test_source_labels.py",
    "tests/store/test_traffic.py",
    "tests/store/test_parts.py",
    "tests/store/test_overflow.py",
    "tests/store/test_arrival.py",
    "tests/store/test_least_privilege.py",
    "tests/store/test_side_by_side.py",
    "tests/store/test_failures.py",
    "tests/store/test_loading_twice.py",
    "tests/store/test_status.py",
    "tests/store/test_bad_input.py",
    "tests/store/test_verify.py",
    "tests/store/test_failed_cuts.py",
    "tests/store/test_current_version.py",
    "tests/store/test_other_account.py",
    "tests/store/test_processes.py",
    "tests/store/test_rebuild.py",
    "tests/cost/test_units.py",
    "tests/catalog/site/test_browser.py",
    "tests/cli/test_dev.py",
    "tests/cli/test_events.py",
    "tests/cli/test_init.py",
    "tests/cli/test_local.py",
    "tests/cli/test_loop.py",
    "tests/cli/test_operations.py",
    "tests/cli/test_publish.py",
    "tests/jobs/",
    "tests/materialize/test_sweep.py",
    "tests/online/test_cut_batch.py",
    "tests/offline/engines/test_abandoned.py",
    "tests/offline/query/test_statement_length.py",
    "tests/offline/tables/test_user_tables.py",
    "tests/offline/tables/test_user_files.py",
    "tests/offline/frames/test_one_rule.py",
    "tests/store/",
    "tests/registry/test_all_or_nothing.py",
    "tests/registry/test_edits.py",
    "tests/registry/test_publishing_at_once.py",
    "tests/test_imports.py",
)

# What it keeps of a folder named above. A test with a store of its own takes 0.3 s and more.
KEPT = (
    "tests/store/test_answers.py",
    "tests/store/test_large_decimals.py",
    "tests/store/test_marks.py",
    "tests/store/test_printing.py",
    "tests/store/test_roles.py",
    "tests/store/test_the_loop.py",
)

TOGETHER = ("tests/cdk", "tests/deployment")
"""Folders with a fixture that takes longer to make than to use: synthesised or deployed stacks."""


def is_left_out(path: str) -> bool:
    """Say whether `make test-fast` leaves out a file, or a folder with all that is in it."""
    place = path if path.endswith(".py") else f"{path}/"
    return place.startswith(SLOW) and not any(kept.startswith(place) for kept in KEPT)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """A file's tests run in one process, one after another; so do those of a folder named above."""

    def _split_scope(self, nodeid: str) -> str:
        path, *_ = nodeid.partition("::")
        folder = str(PurePosixPath(path).parent)
        return folder if folder in TOGETHER else path
