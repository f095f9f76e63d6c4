from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.shop import DEFINITIONS, an_order, changed_definitions, write_lines

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def definitions() -> str:
    Path("definitions.py").write_text(DEFINITIONS)
    return "definitions.py"


def test_a_plan_shows_what_would_be_created_and_changes_nothing(in_store: Run) -> None:
    ran = in_store("plan", definitions())
    assert ran.code == 0
    assert "create  view       customer_orders@1" in ran.out
    assert "Plan: 6 to create." in ran.out
    assert in_store("list", "--json").document["views"] == []


def test_a_plan_for_programs_is_one_document(in_store: Run) -> None:
    found = in_store("plan", definitions(), "--json").document
    assert (found["is_refused"], found["has_changes"]) == (False, True)
    view = next(change for change in found["changes"] if change["name"] == "customer_orders")
    assert view["estimate"]["item_bytes_at_most"] > 0


def test_apply_asks_and_publishes_on_yes(in_store: Run) -> None:
    ran = in_store("apply", definitions(), answer="y\n")
    assert ran.code == 0
    assert "Publish? [y/N]" in ran.err
    assert "Published to store" in ran.out
    assert len(in_store("list", "--json").document["views"]) == 3


def test_apply_publishes_nothing_on_no_or_where_nobody_answers(in_store: Run) -> None:
    for answer in ("n\n", ""):
        ran = in_store("apply", definitions(), answer=answer)
        assert ran.code == 1
        assert "nothing was published" in ran.err
    assert in_store("list", "--json").document["views"] == []


def test_apply_for_programs_must_not_ask(in_store: Run) -> None:
    assert in_store("apply", definitions(), "--json").code == 2
    assert in_store("apply", definitions(), "--json", "--yes").document["is_applied"] is True


def test_applying_again_asks_nothing_and_changes_nothing(shop: Run) -> None:
    ran = shop("apply", definitions())
    assert ran.code == 0
    assert ran.out == "Plan: 6 unchanged.\n"


def test_a_changed_meaning_is_refused_with_the_way_out(shop: Run) -> None:
    changed = changed_definitions('agg.count(window="7d")', 'agg.count(window="8d")')
    for command in (["plan", changed], ["apply", changed, "--yes"]):
        ran = shop(*command)
        assert ran.code == 1
        assert "refuse" in ran.out
        assert "publish it as version=2" in " ".join(ran.out.split())
        assert "nothing can be published while these are refused" in ran.err
    found = shop("apply", changed, "--yes", "--json")
    assert (found.code, found.document["is_applied"]) == (1, False)


def test_a_name_that_others_have_is_refused_with_who_published_it(shop: Run) -> None:
    taken = changed_definitions('event_id="order_id"', 'event_id="customer_id"')
    ran = shop("plan", taken)
    assert ran.code == 1
    told = " ".join(ran.out.split())
    assert "published what is there, at 20" in told
    assert "publish it under another name" in told


def test_a_plan_in_markdown_is_printed_whole_and_alone(shop: Run) -> None:
    changed = changed_definitions('FeatureService("fraud_model"', 'FeatureService("risk_model"')
    ran = shop("plan", changed, "--markdown", "--exit-code")
    assert ran.code == 2
    assert ran.out.startswith("<!-- skewless plan ")
    assert "| create | service | <code>risk&#95;model&#64;1</code> |" in ran.out
    assert "Plan:" not in ran.out
    assert shop("plan", changed, "--markdown", "--json").code == 2


def test_a_large_refill_is_named_by_an_option(shop: Run) -> None:
    ran = shop("apply", definitions(), "--yes", "--refill", "customer_order@2")
    assert ran.code == 1
    assert "refill names 'customer_order@2', which is no view to publish" in ran.err
    assert shop("apply", definitions(), "--yes", "--refill", "customer_orders@1").code == 0


def test_definitions_that_do_not_go_together_are_told_with_their_file(in_store: Run) -> None:
    Path("defs.py").write_text(DEFINITIONS + '\ntwo = Entity("customer", keys={"other": String})\n')
    ran = in_store("plan", "defs.py")
    assert ran.code == 1
    assert ran.err.startswith("error: defs.py: two different definitions are called 'customer'")


def test_an_empty_file_has_nothing_to_publish(in_store: Run) -> None:
    Path("defs.py").write_text("")
    ran = in_store("plan", "defs.py")
    assert ran.code == 1
    assert "defs.py: there is nothing to publish" in ran.err


def test_a_diff_says_what_is_new_what_changed_and_what_the_file_lacks(shop: Run) -> None:
    changed = changed_definitions('FeatureService("fraud_model"', 'FeatureService("risk_model"')
    ran = shop("diff", changed)
    assert ran.code == 0
    assert "+ service 'risk_model' version 1" in ran.out
    assert "- service 'fraud_model' version 1" in ran.out
    found = shop("diff", changed, "--json").document
    assert found["is_same"] is False
    assert found["only_published"] == [{"kind": "service", "name": "fraud_model", "version": 1}]


def test_a_diff_of_what_is_published_says_so(shop: Run) -> None:
    assert "Nothing in definitions.py differs" in shop("diff", definitions()).out
    assert shop("diff", definitions(), "--check").code == 0


def test_a_diff_can_be_a_check(shop: Run) -> None:
    ran = shop("diff", changed_definitions('window="7d"', 'window="8d"'), "--check")
    assert ran.code == 1
    assert "differs from what is published in 3 definitions" in ran.err


def test_a_lock_is_written_and_read(shop: Run) -> None:
    ran = shop("lock", "fraud_model", "-o", "fraud.lock")
    assert ran.code == 0
    assert "wrote fraud.lock" in ran.out
    assert '"service": "service#fraud_model#00001"' in Path("fraud.lock").read_text()


def test_a_lock_of_what_is_not_published_is_refused_with_a_hint(shop: Run) -> None:
    ran = shop("lock", "fraud_modl")
    assert ran.code == 1
    assert "Did you mean 'fraud_model'?" in ran.err
    assert not Path("skewless.lock").exists()


def test_the_lock_of_another_service_is_not_overwritten_without_force(shop: Run) -> None:
    shop("lock", "fraud_model")
    before = Path("skewless.lock").read_text()
    ran = shop("lock", "customer_orders")
    assert ran.code == 1
    assert "is the lock of service 'fraud_model' of store" in ran.err
    assert "not of view 'customer_orders'" in ran.err
    assert "--output" in ran.err
    assert Path("skewless.lock").read_text() == before
    forced = shop("lock", "customer_orders", "--force")
    assert forced.code == 0
    assert "wrote skewless.lock: view 'customer_orders' of store" in forced.out


def test_a_lock_is_written_again_without_force(shop: Run) -> None:
    for _ in range(2):
        assert shop("lock", "fraud_model").code == 0
        assert shop("lock", "customer_orders", "-o", "view.lock").code == 0


@pytest.mark.parametrize("content", ["", "<<<<<<< ours", "[]", "{}", '{"service": "x"}'])
def test_a_file_that_is_no_lock_is_not_overwritten(shop: Run, content: str) -> None:
    Path("skewless.lock").write_text(content)
    ran = shop("lock", "fraud_model")
    assert ran.code == 1
    assert "no lock that can be read" in ran.err
    assert Path("skewless.lock").read_text() == content


def test_a_plan_with_traffic_says_what_a_month_costs(in_store: Run) -> None:
    words = ["--entities", "customer=1000", "--events", "orders=5e4"]
    words += ["--predictions", "fraud_model=1e6"]
    ran = in_store("plan", definitions(), *words)
    assert ran.code == 0
    assert "A month costs " in ran.out
    assert "dollars after this, 0.00 before." in ran.out
    month = in_store("plan", definitions(), *words, "--json").document["month"]
    assert month["before"]["dollars_a_month"] == 0
    assert month["after"]["dollars_a_month"] > 0


def test_the_exit_code_of_a_plan_tells_changes_from_failures(shop: Run) -> None:
    changed = changed_definitions('FeatureService("fraud_model"', 'FeatureService("risk_model"')
    refused = Path("refused.py")
    refused.write_text(DEFINITIONS.replace('window="7d"', 'window="8d"'))
    assert shop("plan", definitions(), "--exit-code").code == 0
    assert shop("plan", changed, "--exit-code").code == 2
    assert shop("plan", changed, "--exit-code", "--json").code == 2
    assert shop("plan", changed).code == 0
    assert shop("plan", str(refused), "--exit-code").code == 1


def test_wrong_usage_is_never_taken_for_changes(shop: Run) -> None:
    for words in (["--nonsense"], ["--events", "orders"], ["another"]):
        assert shop("plan", definitions(), *words).code == 2
        assert shop("plan", definitions(), *words, "--exit-code").code == 1


def test_a_plan_without_traffic_has_no_month(in_store: Run) -> None:
    assert in_store("plan", definitions(), "--json").document["month"] is None


def test_measured_traffic_is_that_of_the_log(new_shop: Run) -> None:
    orders = write_lines("orders.jsonl", *(an_order(day, f"c{day % 3}") for day in range(2, 31)))
    assert new_shop("backfill", "orders", orders).code == 0
    found = new_shop("cost", "--measured", "--json").document
    items = {(item["what"], item["by"]): item for item in found["items"]}
    assert items["line written by ingests", "orders"]["quantity"] == pytest.approx(2 * 29)
    ran = new_shop("plan", definitions(), "--measured", "--events", "orders=1e6")
    assert "A month costs " in ran.out
    assert ran.code == 0


def test_the_log_tells_who_published_what_and_why(new_shop: Run) -> None:
    told = changed_definitions('"customer_orders",', '"customer_orders",\n    owner="ml",')
    assert new_shop("apply", told, "--yes", "--message", "better words").code == 0
    ran = new_shop("log")
    assert ran.code == 0
    assert "better words" in ran.out
    assert "describe" in ran.out
    assert "arn:aws:" in ran.out
    first, begun = new_shop("log", "--json").document["applies"]
    assert first["message"] == "better words"
    assert {change["action"] for change in begun["changes"]} == {"create"}
    assert new_shop("log", "nobody").out == "no apply is in the log of 'nobody'\n"


def test_the_commit_of_the_file_is_in_the_log(in_store: Run) -> None:
    def git(*words: str) -> None:
        own = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *own, *words], check=True, capture_output=True)  # noqa: S603, S607

    git("init", "-q")
    name = definitions()
    git("add", name)
    git("commit", "-q", "-m", "words")
    assert in_store("apply", name, "--yes").code == 0
    (entry,) = in_store("log", "--json").document["applies"]
    assert re.fullmatch("[0-9a-f]{40}", entry["commit"])


def test_versions_are_marked_and_shown(new_shop: Run) -> None:
    ran = new_shop("deprecate", "customer_orders@1", "--reason", "too coarse")
    assert ran.out == "view 'customer_orders' version 1 is deprecated\n"
    assert "is deprecated: too coarse" in new_shop("show", "customer_orders").out
    assert new_shop("yank", "customer_orders@1", "--json").document == {
        "yanked": ["view 'customer_orders' version 1"]
    }
    ran = new_shop("lock", "fraud_model")
    assert ran.code == 1
    assert "nothing new is locked to" in ran.err
    assert new_shop("restore", "customer_orders@1").code == 0
    assert new_shop("lock", "fraud_model").code == 0
    assert new_shop("yank", "customer_orders").code == 1


def test_a_file_with_what_is_retired_changes_nothing_and_is_told(new_shop: Run) -> None:
    retired = ("fraud_model@1", "basket@1", "customer_returns@1")
    assert new_shop("retire", *retired, "--latest", "--reason", "guessed").code == 0
    ran = new_shop("apply", definitions(), "--yes")
    assert ran.code == 0
    assert "6 unchanged" in ran.out
    assert " ".join(ran.out.split()).count("is retired since") == len(retired)
