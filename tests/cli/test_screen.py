from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from skewless.cli.screen import Screen, counted, plain, shown
from skewless.online.answer import ViewStatus

if TYPE_CHECKING:
    import pytest


def test_values_become_what_json_has() -> None:
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert plain(
        {"at": noon, "exact": Decimal("1.10"), "raw": b"\0", "lists": ((1, 2.5), None, True)}
    ) == {
        "at": "2026-01-02T12:00:00+00:00",
        "exact": "1.10",
        "raw": "AA==",
        "lists": [[1, 2.5], None, True],
    }
    assert plain(ViewStatus(noon, "ok")) == {
        "as_of": "2026-01-02T12:00:00+00:00",
        "status": "ok",
        "reason": None,
    }
    assert plain(float("nan")) == "nan"


def test_for_programs_nothing_but_the_document_is_on_stdout(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen(is_json=True)
    screen.say("words")
    screen.table(("A",), [("cell",)])
    screen.indented("words")
    screen.note("words")
    screen.document({"a": 1})
    screen.fail("InputError", "late")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"a": 1}
    assert err == "error: late\n"


def test_brackets_are_text_and_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(is_json=False)
    screen.say("[red]x[/red] :smile:")
    screen.table(("A",), [("[bold]y",)])
    screen.fail("InputError", "[z]")
    out, err = capsys.readouterr()
    assert "[red]x[/red] :smile:" in out
    assert "[bold]y" in out
    assert err == "error: [z]\n"


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen(is_json=False).progress("working", total=2) as progress:
        progress.tell("still working")
        progress.step()
    assert capsys.readouterr() == ("", "")


def test_people_read_values_as_they_write_them() -> None:
    assert [shown(value) for value in (None, True, 1.5, b"\0")] == ["null", "true", "1.5", "AA=="]
    assert (counted(1, "row"), counted(2000, "row")) == ("1 row", "2,000 rows")
