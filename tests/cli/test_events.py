from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless.cli.failed import print_failed
from skewless.cli.screen import Screen
from skewless.materialize.failures import FailedEntity
from tests.cli.shop import an_order, write_lines

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_rows_are_taken_in_and_rejected_rows_are_shown(shop: Run) -> None:
    rows = write_lines("new.jsonl", an_order(1), an_order(2, amount="much"), an_order(3))
    ran = shop("ingest", "orders", rows)
    assert ran.code == 0
    assert "orders: 2 rows taken in" in ran.out
    assert "1 row rejected" in ran.out
    assert "column 'amount' is 'much'" in ran.out


def test_a_table_of_rejected_rows_ends_after_twenty(shop: Run) -> None:
    wrong = [an_order(number, amount="much") for number in range(25)]
    rows = write_lines("new.jsonl", *wrong, an_order(26))
    ran = shop("ingest", "orders", rows)
    assert ran.out.count("'much'") == 20
    assert "… and 5 more" in ran.out
    found = shop("ingest", "orders", rows, "--json").document
    assert (found["accepted"], found["rejected_count"], len(found["rejected"])) == (1, 25, 25)
    assert [reason["rows"] for reason in found["reasons"]] == [25]


@pytest.mark.parametrize("command", ["ingest", "backfill"])
def test_a_file_of_a_wrong_type_exits_1_with_the_remedy(shop: Run, command: str) -> None:
    rows = write_lines("new.jsonl", *(an_order(number, amount="much") for number in range(25)))
    ran = shop(command, "orders", rows)
    assert ran.code == 1
    assert "column 'amount' is text, and Float64 is declared" in ran.err


@pytest.mark.parametrize("command", ["ingest", "backfill"])
def test_a_file_of_which_no_row_fits_exits_1_with_the_reasons_counted(
    shop: Run, command: str
) -> None:
    rows = write_lines("new.jsonl", *(an_order(number, amount=1e400) for number in range(25)))
    ran = shop(command, "orders", rows)
    assert ran.code == 1
    assert "none of 25 rows fits" in ran.err
    assert ran.err.count("25 rows, the first is row 0: column 'amount': an infinity") == 1


def test_strict_refuses_a_file_for_one_row(shop: Run) -> None:
    rows = write_lines("new.jsonl", an_order(1), an_order(2, amount="much"))
    ran = shop("ingest", "orders", rows, "--strict")
    assert ran.code == 1
    assert "1 of 2 rows do not fit" in ran.err
    assert "row 1: column 'amount'" in ran.err


def test_a_history_is_loaded(shop: Run) -> None:
    ran = shop("backfill", "orders", write_lines("old.jsonl", an_order(9)))
    assert ran.out == "orders: 1 row of history loaded\n"


def test_rewriting_what_was_served_needs_the_option(new_shop: Run) -> None:
    old = write_lines("old.jsonl", an_order(9))
    assert new_shop("materialize", "--all").code == 0
    ran = new_shop("backfill", "orders", old)
    assert ran.code == 1
    assert "backfill with --rewrite" in ran.err
    assert new_shop("backfill", "orders", old, "--rewrite").code == 0


def test_an_unknown_source_or_file_is_refused(shop: Run) -> None:
    assert "Did you mean 'orders'?" in shop("ingest", "ordrs", "x.jsonl").err
    assert "neither a Parquet file" in shop("ingest", "orders", "nowhere.parquet").err


def test_a_store_that_ends_with_the_command_says_so(shop: Run) -> None:
    rows = write_lines("new.jsonl", an_order(1))
    assert "ends with the command" in shop("ingest", "orders", rows).err
    assert shop("ingest", "orders", rows, "--json").err == ""


def test_entities_that_fail_are_printed_by_view_and_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = [FailedEntity("v@1", {"k": f"k{n}"}, "too large") for n in range(7)]
    failed.append(FailedEntity("w@2", {"k": "a", "m": 1}, "overflows"))
    print_failed(Screen(is_json=False), failed, 12)
    head, *table, rest = capsys.readouterr().out.strip().splitlines()
    assert head == "12 entities failed; all others are written, and these say so:"
    assert [line.split() for line in table[1:]] == [
        ["v@1", "k=k0,", "k=k1,", "k=k2,", "k=k3,", "k=k4", "and", "2", "more", "too", "large"],
        ["w@2", "k=a", "m=1", "overflows"],
    ]
    assert rest == "… and 4 more"


def test_nothing_is_printed_where_nothing_fails(capsys: pytest.CaptureFixture[str]) -> None:
    print_failed(Screen(is_json=False), (), 0)
    assert capsys.readouterr().out == ""
