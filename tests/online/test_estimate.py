from __future__ import annotations

from skewless import agg
from skewless.definitions import types
from skewless.online.estimate import estimate
from tests.online.builders import a_latest_view, a_source, a_view


def windows(**features: object) -> object:
    return estimate(a_view(features=features)).get("windows")


def test_an_estimate_says_what_a_window_spans_and_what_a_smaller_hop_costs() -> None:
    wide = estimate(a_view(features={"n": agg.count(window="30d", hop="6h")}))
    text = (
        "window 30d, hop 1d: spans 30d to 31d; with hop 6h 30d to 30d 6h, and the largest item has "
        f"{wide['item_bytes_at_most']:,} bytes, {wide['read_units_at_most']} read units, "
        f"{wide['write_units_at_most']} write units"
    )
    assert windows(n=agg.count(window="30d")) == [text]


def test_a_window_with_an_offset_is_as_long_as_it_says_where_hops_divide_it() -> None:
    found = windows(
        whole=agg.count(window="7d", offset="7d"), part=agg.count(window="90s", offset="1m")
    )
    assert isinstance(found, list)
    assert found[0].startswith("window 7d, hop 6h, offset 7d: spans 7d; with hop 1h 7d, and")
    assert found[1] == "window 90s, hop 1m, offset 1m: spans 1m to 2m"


def test_what_has_no_left_edge_spans_nothing_that_an_estimate_could_tell() -> None:
    assert windows(n=agg.count(window=None)) is None
    assert "windows" not in estimate(a_latest_view())


def test_a_large_item_that_collects_can_be_made_smaller_by_its_limits_too() -> None:
    found = estimate(a_view(features={"n": agg.value_counts("seats", window="30d", limit=10_000)}))
    assert found["warning"] == (
        f"an entity that is busy in every tile needs {found['item_bytes_at_most']} bytes, near "
        "DynamoDB's 409,600; such a cut is refused. Lengthen the hop or shorten the window, or "
        "lower an n or a limit: each tile may hold as much."
    )
    wide = {"n": agg.stddev_pop("price", window="30d", hop="1m")}
    assert str(estimate(a_view(features=wide))["warning"]).endswith("shorten the window.")


def test_an_estimate_counts_as_many_keys_as_there_may_be_in_every_tile() -> None:
    found = [
        estimate(a_view(features={"n": agg.sum("delay", window="30d", by="carrier", limit=limit)}))
        for limit in (1, 51)
    ]
    few, many = (int(str(each["item_bytes_at_most"])) for each in found)
    tiles = 31 * (2 + 4 + 8)  # an offset, a count and a sum
    per_key = (many - few) / 50
    assert per_key >= tiles
    assert per_key <= 2 * (tiles + 100)


def test_a_row_that_no_item_holds_is_warned_of() -> None:
    source = a_source(schema={"carrier": types.String, "face": types.Vector(60_000)})
    found = estimate(a_latest_view(source=source, features=["face"]))
    assert str(found["warning"]).startswith("an entity's latest row needs 480018 bytes")
