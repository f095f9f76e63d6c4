"""Messages and help in the command line's own words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from skewless.cli.words import in_words_of_the_command

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("entity_df lacks 'card' (String).", "LABELS lacks 'card' (String)."),
        ("backfill with rewrite=True: the", "backfill with --rewrite: the"),
        ("or ask for full_names=True", "or ask for --full-names"),
        ("or overwrite it with force=True (--force)", "or overwrite it with --force"),
        ("a column 'entity_dfs'", "a column 'entity_dfs'"),
    ],
)
def test_python_s_arguments_are_named_as_options(message: str, expected: str) -> None:
    assert in_words_of_the_command(message) == expected


def test_labels_that_lack_a_column_are_called_labels(shop: Run) -> None:
    Path("labels.csv").write_text("wrong\n1\n")
    ran = shop("history", "labels.csv", "-f", "customer_orders", "-o", "out.parquet")
    assert ran.code == 1
    assert "LABELS lacks 'event_timestamp' (Timestamp), 'customer_id' (String)" in ran.err
    assert "entity_df" not in ran.err


@pytest.mark.parametrize("command", ["", "plan", "apply", "backfill", "history", "get", "forget"])
def test_help_names_no_type_beside_a_flag_or_an_argument(in_store: Run, command: str) -> None:
    ran = in_store(*([command] if command else []), "--help")
    assert ran.code == 0
    assert "<bool>" not in ran.out
    assert "<str>" not in ran.out
    assert "--help" in ran.out
