"""Which steps become tables on Athena, which computes a step anew at every read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless import FeatureView, agg
from skewless.compiler.plan import plan_selection
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.history import History, Spine
from skewless.offline.query.mode import Mode
from skewless.offline.query.script import Script
from skewless.offline.query.stages import AROUND_A_STATEMENT, READS_OF_A_STATEMENT, stored_steps
from tests.offline.query.test_golden_sql import MARCH_1, MARCH_2, card, payments, relation

if TYPE_CHECKING:
    from collections.abc import Mapping

ATHENA = Dialect(EngineName.ATHENA)
LABELS, LOG = sql.table("labels", "lake"), sql.table("payments", "lake")


def a_script(steps: Mapping[str, list[exp.Table]], final: list[str]) -> Script:
    """Steps that read tables, each with what it reads."""
    found = sql.Steps()
    for name, tables in steps.items():
        found.add(name, union_of(tables))
    return Script(found, union_of([sql.table(name) for name in final]))


def union_of(tables: list[exp.Table]) -> exp.Query:
    return sql.union_all([sql.select(sql.star()).from_(table) for table in tables])


def test_a_log_that_is_read_once_needs_no_table() -> None:
    script = a_script({"events": [LOG], "joined": [sql.table("events"), LABELS]}, ["joined"])
    assert stored_steps(script, LABELS, ATHENA) == ()


def test_a_log_that_would_be_read_again_is_stored_where_its_readers_part() -> None:
    rows, events = sql.table("rows"), sql.table("events")
    script = a_script(
        {"rows": [LOG], "events": [rows, LABELS], "sums": [events], "last": [events]},
        ["sums", "last"],
    )
    assert stored_steps(script, LABELS, ATHENA) == ("events",)


def test_labels_are_read_as_often_as_needed() -> None:
    script = a_script({"points": [LABELS]}, ["points"] * 5)
    assert stored_steps(script, LABELS, ATHENA) == ()


def test_a_statement_that_is_too_long_is_cut_where_most_repeats() -> None:
    few, many = [LABELS] * 4, [LABELS] * (READS_OF_A_STATEMENT // 2)
    script = a_script({"few": few, "many": many}, ["few", "many", "many", "many"])
    assert stored_steps(script, LABELS, ATHENA) == ("many",)


def test_no_statement_of_many_parts_is_too_long() -> None:
    parts = {f"part{number}": [LABELS] * 20 for number in range(8)}
    script = a_script(parts, list(parts))
    stored = stored_steps(script, LABELS, ATHENA)
    assert 0 < len(stored) < 8
    assert len(stored) + 20 * (8 - len(stored)) <= READS_OF_A_STATEMENT


def test_a_statement_of_too_many_bytes_is_cut_where_most_of_them_are() -> None:
    few, many = "few_" + "x" * 40, "many_" + "x" * 40
    parts = {few: [LABELS], many: [LABELS] * 20, "last": [sql.table(few), sql.table(many)]}
    script = a_script(parts, ["last"])
    assert stored_steps(script, LABELS, ATHENA) == ()
    assert stored_steps(script, LABELS, ATHENA, AROUND_A_STATEMENT + 800) == (many,)


def test_a_step_that_is_too_long_by_itself_is_left_for_the_engine_to_refuse() -> None:
    script = a_script({"many": [LABELS] * 20}, ["many"])
    assert stored_steps(script, LABELS, ATHENA, AROUND_A_STATEMENT + 300) == ()


def test_no_statement_holds_a_step_that_it_does_not_read() -> None:
    rows, events, unread = (sql.table(name) for name in ("rows", "events", "unread"))
    script = replace(
        a_script(
            {"rows": [LOG], "unread": [rows], "events": [rows], "of_unread": [unread]}, ["events"]
        ),
        checkpoints=("events",),
    )
    statements = [*(query for _, query in script.stages()), script.last()]
    assert [[step.alias for step in query.ctes] for query in statements] == [["rows"], []]
    assert [step.alias for step in script.query().ctes] == ["rows", "events"]
    assert events.name in script.parts()


def test_a_query_reads_a_tables_rows_under_the_steps_name() -> None:
    query = sql.select(sql.column("x", "events")).from_(sql.table("events"))
    found = sql.reading(query, {"events": sql.table("stored", "lake")})
    assert found.sql(dialect="athena") == ('SELECT "events"."x" FROM "lake"."stored" AS "events"')
    assert query.sql(dialect="athena") == 'SELECT "events"."x" FROM "events"'


def test_a_view_that_collects_much_is_a_few_statements_none_of_which_reads_much() -> None:
    view = FeatureView(
        "busy",
        entity=card,
        source=payments,
        refresh="stream",
        features={f"n{n}": agg.value_counts("items", window="7d", limit=n) for n in range(1, 65)},
    )
    selection = plan_selection([(view, name) for name in view.feature_types])
    spine = Spine(LABELS, MARCH_1, MARCH_2)
    relations = {"payments": relation("payments")}
    script = History(selection, Mode.AS_SERVED, ATHENA, spine, relations, {}).script()
    stored = stored_steps(script, LABELS, ATHENA)
    assert len(stored) <= 64 / 8 + 2
    joined = [step for step in script.final.find_all(exp.Table) if step.name in stored]
    assert len(joined) <= READS_OF_A_STATEMENT
