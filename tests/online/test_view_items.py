"""A view's items are removed so that nobody is served half of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless.compiler.plan import plan_view
from skewless.errors import OnlineStoreError
from skewless.online.address import view_partition
from skewless.online.record import Cut, Watermark
from skewless.online.retired import RetiredViews
from skewless.online.table import OnlineTable
from skewless.online.view_items import ViewItems
from tests.online.builders import DAY, TODAY, a_view

if TYPE_CHECKING:
    from skewless.aws import Aws

COUNT = 3
VIEW, OTHER = "delays@1#0123456789abcdef", "delays@1#0123456789abcde0"


@pytest.fixture
def items(aws: Aws, table: OnlineTable) -> ViewItems:
    for view in (VIEW, OTHER):
        table.begin_cut(view, TODAY)
        for number in range(COUNT):
            table.put_cut(Cut(f"{view}#{number}", TODAY, b"state", keep_previous=True))
        table.failed.note(view, "bad", TODAY, "because")
        table.commit_cut(view, TODAY)
    return ViewItems(aws, table.name)


def items_of(table: OnlineTable, view: str) -> int:
    client = table.aws.client("dynamodb")
    pages = client.get_paginator("scan").paginate(TableName=table.name)
    return sum(item["pk"]["S"].startswith(view) for page in pages for item in page["Items"])


def test_all_items_of_a_view_go_and_no_others(items: ViewItems, table: OnlineTable) -> None:
    removed = items.remove(items.close(VIEW), settle_seconds=0)
    assert removed == COUNT + 1
    assert items_of(table, VIEW) == 0
    assert items_of(table, OTHER) == COUNT + 2
    assert not items.is_closed(VIEW)


def test_more_items_than_a_transaction_takes_go(items: ViewItems, table: OnlineTable) -> None:
    client = table.aws.client("dynamodb")
    for start in range(0, 100, 25):
        puts = [
            {"PutRequest": {"Item": {"pk": {"S": f"{VIEW}#more{n}"}, "sk": {"S": "B"}}}}
            for n in range(start, start + 25)
        ]
        client.batch_write_item(RequestItems={table.name: puts})
    assert items.remove(items.close(VIEW), settle_seconds=0) == COUNT + 101
    assert items_of(table, VIEW) == 0


def test_a_closed_view_was_never_cut_and_cannot_be(items: ViewItems, table: OnlineTable) -> None:
    items.close(VIEW)
    assert table.read_watermark(VIEW) == Watermark()
    assert table.begin_cut(VIEW, TODAY + DAY) == Watermark(is_closed=True)


def test_a_cut_under_way_cannot_commit(items: ViewItems, table: OnlineTable) -> None:
    table.begin_cut(VIEW, TODAY + DAY)
    closed = items.close(VIEW)
    assert closed.is_under_way
    with pytest.raises(OnlineStoreError, match="was not begun"):
        table.commit_cut(VIEW, TODAY + DAY)
    items.remove(closed, settle_seconds=0)
    with pytest.raises(OnlineStoreError, match="was not begun"):
        table.commit_cut(VIEW, TODAY + DAY)


def test_a_cut_that_another_run_began_anew_is_not_committed(
    items: ViewItems, aws: Aws, table: OnlineTable
) -> None:
    first, second = (OnlineTable(aws, table.name, run=run) for run in ("first", "second"))
    first.begin_cut(VIEW, TODAY + DAY)
    items.remove(items.close(VIEW), settle_seconds=0)
    second.begin_cut(VIEW, TODAY + DAY)
    with pytest.raises(OnlineStoreError, match="by another run"):
        first.commit_cut(VIEW, TODAY + DAY)
    assert second.commit_cut(VIEW, TODAY + DAY).cut == TODAY + DAY


def test_a_cut_whose_run_died_is_ended_by_another(items: ViewItems, aws: Aws) -> None:
    first, second = (OnlineTable(aws, "online", run=run) for run in ("first", "second"))
    first.begin_cut(VIEW, TODAY + DAY, 7)
    assert second.begin_cut(VIEW, TODAY + DAY, 8).started == TODAY + DAY
    assert second.commit_cut(VIEW, TODAY + DAY).snapshot == 7  # the first may have written of it
    assert second.begin_cut(VIEW, TODAY + DAY).cut == TODAY + DAY
    closed = items.close(VIEW)
    assert second.begin_cut(VIEW, TODAY + 2 * DAY).is_closed
    items.reopen(closed)


def test_a_view_is_given_back_as_it_was(items: ViewItems, table: OnlineTable) -> None:
    before = table.read_watermark(VIEW)
    items.reopen(items.close(VIEW))
    assert table.read_watermark(VIEW) == before
    assert table.begin_cut(VIEW, TODAY + DAY).started == TODAY + DAY


def test_a_view_without_items_is_closed_and_reopened(items: ViewItems, table: OnlineTable) -> None:
    unknown = "delays@9#0123456789abcdef"
    items.reopen(items.close(unknown))
    assert items.remove(items.close(unknown), settle_seconds=0) == 0
    assert items_of(table, unknown) == 0


def test_who_closes_a_view_later_goes_on_and_the_earlier_one_deletes_nothing(
    items: ViewItems, table: OnlineTable
) -> None:
    earlier = items.close(VIEW)
    later = items.close(VIEW)
    assert later.kept == earlier.kept
    with pytest.raises(OnlineStoreError, match="somebody else removes"):
        items.remove(earlier, settle_seconds=0)
    assert items_of(table, VIEW) == COUNT + 2
    with pytest.raises(OnlineStoreError, match="somebody else removes"):
        items.reopen(earlier)
    items.reopen(later)
    with pytest.raises(OnlineStoreError, match="somebody else removes"):
        items._delete(earlier, [(f"{VIEW}#1", "B")])
    assert items_of(table, VIEW) == COUNT + 2


def test_what_died_while_it_deleted_is_not_given_back(items: ViewItems, table: OnlineTable) -> None:
    closed = items.close(VIEW)
    items._replace_own(closed, {"removing": closed.token})  # then it died
    again = items.close(VIEW)
    assert again.kept is None
    assert again.is_under_way
    assert items.remove(again, settle_seconds=0) == COUNT + 1


def test_a_removal_does_not_bring_back_what_was_retired_meanwhile(
    items: ViewItems, table: OnlineTable
) -> None:
    plan = plan_view(a_view())
    view = view_partition(plan)
    table.begin_cut(view, TODAY)
    table.commit_cut(view, TODAY)
    closed = items.close(view)
    RetiredViews(table).mark(plan, TODAY)
    with pytest.raises(OnlineStoreError, match="somebody else removes its items"):
        items.reopen(closed)
    assert table.read_watermark(view).is_retired
    assert not items.is_closed(view)
